"""A JPEG's dimensions, from its header alone: no pixel is decoded here (ITU-T T.81, annex B)."""

from __future__ import annotations

from typing import Final

START_OF_IMAGE: Final = b"\xff\xd8"
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_END_OR_SCAN: Final = frozenset({0xD9, 0xDA})


class NotJpeg(ValueError):
    """The bytes do not begin as a JPEG does, or end before its frame header."""


def dimensions(octets: bytes) -> tuple[int, int]:
    """Width and height, from the first frame header. Raises NotJpeg."""
    if not octets.startswith(START_OF_IMAGE):
        raise NotJpeg("no start of image")
    try:
        return _from_frame(octets)
    except IndexError:
        raise NotJpeg("ends before its frame header") from None


def _from_frame(octets: bytes) -> tuple[int, int]:
    at = len(START_OF_IMAGE)
    while True:
        if octets[at] != 0xFF:
            raise NotJpeg("no marker where one belongs")
        marker = octets[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        elif marker in _END_OR_SCAN:
            raise NotJpeg("no frame header before its scan")
        elif marker in _FRAMES:
            height, width = octets[at + 5] << 8 | octets[at + 6], octets[at + 7] << 8 | octets[at + 8]
            return width, height
        else:
            at += 2 + max(2, octets[at + 2] << 8 | octets[at + 3])
