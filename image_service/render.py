"""From an opened picture to the JPEGs that are served: upright, sRGB, on white, and nothing of the file but its pixels.

Order matters twice. Big pictures are made small first, in strips, and everything else is done to the small one:
at 50 megapixels a second copy in RGBA would not fit the memory. And the last step starts from a new image, for
`info` (comments, EXIF, profiles) follows an image through convert, resize and transpose, and into the file.
"""

import contextlib
import io
import math
from dataclasses import dataclass

from PIL import ExifTags, Image, ImageCms, ImageFile

from image_service.decode import load
from image_service.rules import Rules, Size

_GAP = 1.5  # how much larger than needed a cheap reduction leaves the picture, for the good filter to do the rest
_STRIP_PIXELS = 1 << 20
_SRGB = ImageCms.createProfile("sRGB")
_MODE_OF_PROFILE = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_SIXTEEN_TO_EIGHT = [(value + 128) // 257 for value in range(65_536)]
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Rendition:
    """One finished JPEG."""

    name: str
    width: int
    height: int
    jpeg: bytes


def render(picture: ImageFile.ImageFile, rules: Rules) -> list[Rendition]:
    """Every size that the rules ask for, in their order. Raises FileRejected where the pixels do not decode."""
    width, height = picture.size
    factor = max(_factor(size, width, height) for size in rules.sizes)
    target = _scaled(picture.size, factor)
    _decode_smaller(picture, target)
    load(picture)
    turn, profile = _orientation(picture), picture.info.get("icc_profile")
    small = _shrunk(picture, target)
    finished = _upright(_flat_srgb(small, profile), turn)
    return [_rendition(finished, size, rules.quality) for size in rules.sizes]


def _factor(size: Size, width: int, height: int) -> float:
    """What a size needs of the original, as a scale; never more than 1."""
    return min(1.0, size.side / (min if size.is_square else max)(width, height))


def _scaled(size: tuple[int, int], factor: float) -> tuple[int, int]:
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _decode_smaller(picture: ImageFile.ImageFile, target: tuple[int, int]) -> None:
    """Let the JPEG decoder itself leave out what nobody will see; no other format can."""
    picture.draft(None, (math.ceil(target[0] * _GAP), math.ceil(target[1] * _GAP)))


def _orientation(picture: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; broken EXIF counts as none."""
    with contextlib.suppress(Exception):
        turn = picture.getexif().get(ExifTags.Base.Orientation)
        return turn if turn in _UPRIGHT else 1
    return 1


def _shrunk(picture: Image.Image, target: tuple[int, int]) -> Image.Image:
    """The picture at the target's size, in 8 bits and a mode of L, LA, RGB, RGBA or CMYK."""
    width, height = picture.size
    step = max(1, int(min(width / target[0], height / target[1]) / _GAP))
    reduced = _reduced(picture, step)
    if reduced.size == target:
        return reduced
    return reduced.resize(target, Image.Resampling.LANCZOS, (0, 0, width / step, height / step))


def _reduced(picture: Image.Image, step: int) -> Image.Image:
    """Averages of step × step pixels, a strip at a time: the averaging makes copies, in premultiplied RGBA."""
    if step == 1:
        return _plain(picture)
    width, height = picture.size
    rows = max(1, _STRIP_PIXELS // width // step) * step
    strips = [
        _plain(picture.crop((0, top, width, min(top + rows, height)))).reduce(step) for top in range(0, height, rows)
    ]
    whole = Image.new(strips[0].mode, (strips[0].width, math.ceil(height / step)))
    for index, strip in enumerate(strips):
        whole.paste(strip, (0, index * rows // step))
    return whole


def _plain(picture: Image.Image) -> Image.Image:
    """The same pixels in 8 bits, without a palette, transparency as an alpha channel."""
    if picture.mode.startswith("I"):
        return _from_sixteen_bits(picture)
    if picture.has_transparency_data:
        return picture if picture.mode in ("LA", "RGBA") else picture.convert("RGBA")
    if picture.mode in ("L", "RGB", "CMYK"):
        return picture
    return picture.convert("L" if picture.mode == "1" else "RGB")


def _from_sixteen_bits(picture: Image.Image) -> Image.Image:
    """Scaled by 1/257: convert() alone clips at 255, and turns nearly everything white."""
    wide = picture.convert("I")
    grey = wide.point(_SIXTEEN_TO_EIGHT, "L")
    transparent = picture.info.get("transparency")
    if not isinstance(transparent, int):
        return grey
    return Image.merge("LA", (grey, wide.point([255 * (v != transparent) for v in range(65_536)], "L")))


def _flat_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """In sRGB, on white."""
    if picture.mode not in ("LA", "RGBA"):
        return _srgb(picture, profile)
    colours = _srgb(picture.convert(picture.mode.removesuffix("A")), profile)
    white = Image.new("RGB", picture.size, "white")
    white.paste(colours, mask=picture.getchannel("A"))
    return white


def _srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """In RGB, by the file's colour profile where that is a good one that fits; a bad one is ignored, as browsers do."""
    if profile:
        with contextlib.suppress(ImageCms.PyCMSError, ValueError, OSError):
            return _converted(picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    return picture.convert("RGB")  # Adobe's CMYK too: Pillow has inverted it already


def _converted(picture: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    description = profile.profile.profile_description or ""
    mode = _MODE_OF_PROFILE.get(profile.profile.xcolor_space)
    if description.startswith("sRGB") or mode is None:
        return picture.convert("RGB")
    fitting = picture.convert("RGB") if (picture.mode, mode) == ("L", "RGB") else picture
    if fitting.mode != mode:
        return picture.convert("RGB")
    converted = ImageCms.profileToProfile(fitting, profile, _SRGB, outputMode="RGB")
    return picture.convert("RGB") if converted is None else converted


def _upright(picture: Image.Image, turn: int) -> Image.Image:
    return picture.transpose(_UPRIGHT[turn]) if turn in _UPRIGHT else picture


def _rendition(finished: Image.Image, size: Size, quality: int) -> Rendition:
    made = _square(finished, size.side) if size.is_square else _fitted(finished, size.side)
    clean = Image.new("RGB", made.size)  # nothing in its info: a JPEG's comment would be saved along
    clean.paste(made)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=quality)
    return Rendition(size.name, clean.width, clean.height, out.getvalue())


def _fitted(picture: Image.Image, side: int) -> Image.Image:
    target = _scaled(picture.size, min(1.0, side / max(picture.size)))
    return picture if target == picture.size else picture.resize(target, Image.Resampling.LANCZOS)


def _square(picture: Image.Image, side: int) -> Image.Image:
    shorter = min(picture.size)
    left, top = (picture.width - shorter) / 2, (picture.height - shorter) / 2
    side = min(side, shorter)
    return picture.resize((side, side), Image.Resampling.LANCZOS, (left, top, left + shorter, top + shorter))
