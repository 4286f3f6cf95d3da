"""From a file's bytes to its first frame's pixels, or to what is wrong with the file. It knows neither HTTP nor sizes.

A file is known by its first bytes alone, and only ever opened by that one format's plugin: never by Pillow's own
search, which goes on to EPS (and looks for Ghostscript), and calls phones' MPO files something other than JPEG.
"""

import io
import re
import struct
from collections.abc import Callable

from PIL import GifImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from image_service.errors import FileRejected
from image_service.rules import Rules

# 50 megapixels fit the memory, and our own check below is on what each rule says; Pillow's would only warn.
Image.MAX_IMAGE_PIXELS = None
# The four plugins above are all there is: Image.save() and friends would otherwise go and import the rest.
Image._initialized = 2

MOST_SCANS = 100  # cameras write 1 to 12; each costs a pass over every pixel

_PLUGINS: dict[str, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
}
_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")  # not a stuffed zero, not a restart: those stand in the pixels
_END_OF_IMAGE, _START_OF_SCAN = 0xD9, 0xDA


def format_of(content: bytes) -> str | None:
    """The format that a file's first bytes say: JPEG, PNG, WEBP, GIF or None."""
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    return "GIF" if content[:6] in (b"GIF87a", b"GIF89a") else None


def opened(content: bytes, rules: Rules) -> ImageFile.ImageFile:
    """The picture, its header read and checked, no pixel decoded yet. Raises FileRejected."""
    found = _checked_format(content, rules)
    if found == "WEBP":
        _check_size(_size_of_webp(content), rules)  # the plugin makes the canvas as it opens
    if found == "JPEG":
        _check_scans(content)
    try:
        picture = _PLUGINS[found](io.BytesIO(content))
    except Exception as error:  # what a broken file raises is anything: SyntaxError, ValueError, struct.error…
        raise _damaged(error) from error
    _check_size(picture.size, rules)
    return picture


def load(picture: ImageFile.ImageFile) -> None:
    """Decode the first frame. Only this finds half a file out: `verify()` passes it. Raises FileRejected."""
    try:
        picture.load()
    except (PermissionError, ImportError, MemoryError):
        raise  # the sandbox's doing, not a finding about the file
    except Exception as error:
        raise _damaged(error) from error


def _checked_format(content: bytes, rules: Rules) -> str:
    if not content:
        raise FileRejected("empty", "The file is empty.")
    found = format_of(content)
    if found is None:
        raise FileRejected("not_an_image", f"The file is none of {', '.join(rules.accepted)}.")
    if found not in rules.accepted:
        raise FileRejected("type_mismatch", f"The file is {found}, not one of {', '.join(rules.accepted)}.")
    if rules.declared not in (None, found):
        raise FileRejected("type_mismatch", f"The file was announced as {rules.declared}, and is {found}.")
    return found


def _check_size(size: tuple[int, int], rules: Rules) -> None:
    width, height = size
    if width * height > rules.max_pixels or max(size) > rules.max_side:
        raise FileRejected(
            "too_many_pixels",
            f"The picture has {width}×{height} pixels; "
            f"at most {rules.max_pixels} in all and {rules.max_side} on a side are taken.",
        )


def _size_of_webp(content: bytes) -> tuple[int, int]:
    """The size in a WebP's header (RFC 9649 §2.5 to 2.7)."""
    kind, start = content[12:16], content[20:30]
    if len(start) < 10 or kind not in (b"VP8 ", b"VP8L", b"VP8X"):
        raise FileRejected("damaged", "The WebP file has no header.")
    if kind == b"VP8X":
        return int.from_bytes(start[4:7], "little") + 1, int.from_bytes(start[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(start[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", start, 6)
    return width & 0x3FFF, height & 0x3FFF


def _check_scans(content: bytes) -> None:
    """Refuse a JPEG of thousands of scans: 44 kB of them cost seconds. Trailing bytes and thumbnails do not count."""
    if content.count(b"\xff\xda") > MOST_SCANS and _scans(content) > MOST_SCANS:
        raise FileRejected("damaged", f"The JPEG has more than {MOST_SCANS} scans.")


def _scans(content: bytes) -> int:
    """The scans of the first picture in the file, by its markers (ITU T.81 §B.1.1); stops counting past MOST_SCANS."""
    scans, position = 0, 2
    while scans <= MOST_SCANS and (found := _MARKER.search(content, position)):
        marker = found[1][0]
        if marker == _END_OF_IMAGE:
            break
        scans += marker == _START_OF_SCAN
        position = found.end() + int.from_bytes(content[found.end() : found.end() + 2], "big")
    return scans


def _damaged(error: Exception) -> FileRejected:
    return FileRejected("damaged", f"The picture cannot be decoded ({type(error).__name__}).")
