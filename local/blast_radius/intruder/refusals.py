"""A refusal that is none of the kernel's."""


class Refused(Exception):
    """Somebody answered, and the answer was no; the text says how, such as `403 caller_mismatch`."""
