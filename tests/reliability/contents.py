"""What is uploaded: pictures and documents that are good, each in its way, and some that are not."""

from io import BytesIO
from typing import Final

import pikepdf

from tests.integration.uploads_stack import a_picture

PICTURES: Final = {
    "red": ((254, 0, 0), (1000, 700)),
    "blue": ((0, 0, 254), (500, 900)),
    "small": ((0, 128, 0), (90, 60)),
}
"""The good ones: their colour, as JPEG has it, and their size."""


def a_pdf(title: str) -> bytes:
    written = BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.docinfo["/Title"] = title
        if title == "script":
            document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
        document.save(written, deterministic_id=True)
    return written.getvalue()


_OCTETS = {
    **{name: a_picture("green" if name == "small" else name, size) for name, (_, size) in PICTURES.items()},
    **{name: a_pdf(name) for name in ("letter", "essay", "script")},
    "text": b"no picture, no document",
    "cut": a_picture()[:3000],
    "empty": b"",
}
_OF_A_PICTURE = ("red", "blue", "small", "red", "blue", "text", "cut", "empty")
_OF_A_DOCUMENT = ("letter", "essay", "letter", "script", "empty")


def octets_of(name: str) -> bytes:
    return _OCTETS[name]


def named(kind: str, pick: int) -> str:
    """One of the contents that are sent as this kind; the first three are good."""
    names = _OF_A_DOCUMENT if kind == "resume" else _OF_A_PICTURE
    return names[pick % len(names)]
