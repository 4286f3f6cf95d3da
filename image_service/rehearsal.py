"""Runs every kind of file through once, before the sandbox: what is imported late would be out of reach in it."""

import contextlib
import io
import socket

import pikepdf
from PIL import Image, ImageCms

from image_service import decode, inspect_pdf, link, render, rules, wire
from image_service.errors import FileRejected, Refusal

_RULES = (
    '{"format": null, "accepted": ["JPEG", "PNG", "WEBP", "GIF"], "max_pixels": 4096, "max_side": 64, "quality": 85,'
    ' "sizes": [{"name": "a", "fit": 16}, {"name": "b", "square": 8}]}'
)
_KINDS = [
    ("JPEG", "RGB"),
    ("JPEG", "CMYK"),
    ("PNG", "RGBA"),
    ("PNG", "P"),
    ("PNG", "I;16"),
    ("WEBP", "RGB"),
    ("GIF", "P"),
]


def rehearse() -> None:
    """Decode, render, inspect and speak HTTP, on little files made here. Raises what a broken installation raises."""
    asked = rules.parse(_RULES)
    for kind, mode in _KINDS:
        content = _picture(kind, mode)
        render.render(decode.opened(content, asked), asked)
        with contextlib.suppress(FileRejected):
            render.render(decode.opened(content[: len(content) // 2], asked), asked)
    _pdf()
    _request()
    link.words(b"ask *")


def _picture(kind: str, mode: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    # Not sRGB by its name, so that it is converted; it fits no CMYK picture, so that it is refused.
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ" if mode == "CMYK" else "sRGB")).tobytes()
    Image.new(mode, (40, 30)).save(out, kind, exif=exif.tobytes(), icc_profile=profile)
    return out.getvalue()


def _pdf() -> None:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(out)
    inspect_pdf.inspect(out.getvalue())
    with contextlib.suppress(FileRejected):
        inspect_pdf.inspect(out.getvalue()[:-99])


def _request() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"POST /images HTTP/1.1\r\nContent-Length: 2\r\nX-Lane: a\r\n\r\nab")
        head = wire.read_head(theirs)
        wire.answer(200, [("X-Parts", wire.one_line([]))], [wire.read_body(theirs, head)])
        wire.refusal(Refusal("rehearsed"))
