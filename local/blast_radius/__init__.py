"""Tries, as each process of the running stack, what somebody who broke into it would: `make blast-radius`."""
