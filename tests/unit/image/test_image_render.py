"""What comes out: the right pixels, the right way up, in the right colours and sizes."""

import io
import struct

import hostile
import pytest
from PIL import Image, ImageChops, ImageColor, ImageStat
from rendering import is_near, made_of, picture_of, quarters

from image_service.rules import FORMATS

WANTED = [ImageColor.getrgb(name) for name in hostile.CORNERS]


def sizes_of(content: bytes) -> list[tuple[int, int]]:
    return [Image.open(io.BytesIO(jpeg)).size for jpeg in made_of(content).values()]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_s12_a_picture_comes_out_upright(orientation: int, kind: str) -> None:
    image = picture_of(hostile.stored_turned(orientation, kind))
    assert image.size == (160, 120)
    assert all(is_near(found, wanted) for found, wanted in zip(quarters(image), WANTED, strict=True)), quarters(image)


def test_s12_what_came_out_upright_is_not_turned_again() -> None:
    once = made_of(hostile.stored_turned(6, "JPEG"))["800"]
    assert picture_of(once).size == Image.open(io.BytesIO(once)).size == (160, 120)


@pytest.mark.parametrize(
    "broken", [b"Exif\0\0junk", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"]
)
def test_broken_exif_is_ignored(broken: bytes) -> None:
    assert picture_of(hostile.saved(hostile.corners(), exif=broken)).size == (160, 120)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_is_none_is_ignored(orientation: int) -> None:
    assert picture_of(hostile.saved(hostile.corners(), exif=hostile.exif(orientation))).size == (160, 120)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ((4000, 3000), [(800, 600), (400, 400), (150, 150)]),
        ((3000, 4000), [(600, 800), (400, 400), (150, 150)]),
        ((4000, 500), [(800, 100), (400, 400), (150, 150)]),
        ((500, 300), [(500, 300), (300, 300), (150, 150)]),
        ((90, 60), [(90, 60), (60, 60), (60, 60)]),
        ((1, 1), [(1, 1), (1, 1), (1, 1)]),
        ((3000, 1), [(800, 1), (1, 1), (1, 1)]),
        ((1601, 801), [(800, 400), (400, 400), (150, 150)]),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_sizes_fit_and_are_never_enlarged(source: tuple[int, int], wanted: list[tuple[int, int]], kind: str) -> None:
    assert sizes_of(hostile.saved(Image.new("RGB", source, "teal"), kind)) == wanted


def test_squares_are_cut_from_the_centre() -> None:
    image = Image.new("RGB", (2000, 500), "white")
    image.paste("navy", (750, 0, 1250, 500))
    for name in ("400", "150"):
        square = Image.open(io.BytesIO(made_of(hostile.saved(image, "PNG"))[name]))
        assert is_near(square.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)), ImageColor.getrgb("navy"), 6)


def test_what_is_asked_comes_in_the_order_asked() -> None:
    wanted = [{"name": "b", "square": 20}, {"name": "a", "fit": 30}]
    assert list(made_of(hostile.saved(hostile.corners()), sizes=wanted)) == ["b", "a"]


def test_the_quality_is_the_rules() -> None:
    content = hostile.saved(hostile.noise(800, 600))
    assert len(made_of(content, quality=40)["800"]) < len(made_of(content, quality=85)["800"]) / 1.5


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_small_sizes_look_like_those_cut_from_the_whole(kind: str) -> None:
    image = hostile.noise(2400, 1800)
    image.paste(hostile.corners(1200, 900), (600, 450))
    options = {"quality": 95} if kind == "JPEG" else {"compress_level": 1}
    made = Image.open(io.BytesIO(made_of(hostile.saved(image, kind, **options))["150"]))
    cut = image.crop((300, 0, 2100, 1800)).resize((150, 150), Image.Resampling.LANCZOS)
    plain = Image.open(io.BytesIO(hostile.saved(cut, quality=85)))
    assert sum(ImageStat.Stat(ImageChops.difference(made, plain)).mean) / 3 < 2.5


# --- colours


def test_s12_sixteen_bit_grey_is_scaled() -> None:
    image = Image.new("I;16", (64, 64), 128 * 257)
    assert is_near(picture_of(hostile.saved(image, "PNG")).convert("RGB").getpixel((9, 9)), (128, 128, 128), 2)


def test_s12_sixteen_bit_grey_keeps_its_transparency() -> None:
    image = Image.frombytes("I;16", (64, 64), (struct.pack("<H", 1000) * 32 + struct.pack("<H", 50_000) * 32) * 64)
    made = picture_of(hostile.saved(image, "PNG", transparency=1000))
    assert is_near(made.getpixel((10, 30)), (255, 255, 255), 3)
    assert is_near(made.getpixel((54, 30)), (195, 195, 195), 3)


def test_s12_a_large_sixteen_bit_picture_too() -> None:
    made = picture_of(hostile.saved(Image.new("I;16", (4000, 2500), 60 * 257), "PNG"))
    assert made.size == (800, 500)
    assert is_near(made.getpixel((400, 250)), (60, 60, 60), 2)


@pytest.mark.parametrize("size", [(64, 64), (3200, 2000)])
@pytest.mark.parametrize(
    ("mode", "colour"),
    [("RGBA", (255, 0, 0, 0)), ("RGBA", (0, 0, 0, 0)), ("LA", (0, 0)), ("RGBA", (255, 255, 255, 128))],
)
def test_s12_what_is_transparent_becomes_white(mode: str, colour: tuple[int, ...], size: tuple[int, int]) -> None:
    made = picture_of(hostile.saved(Image.new(mode, size, colour), "PNG"))
    assert is_near(made.getpixel((20, 20)), (255, 255, 255), 2)


def test_s12_half_transparent_red_on_white_is_pink_without_a_dark_fringe() -> None:
    image = Image.new("RGBA", (3200, 2000), (0, 0, 0, 0))
    image.paste((255, 0, 0, 128), (0, 0, 1600, 2000))
    made = picture_of(hostile.saved(image, "PNG"), quality=95)
    assert is_near(made.getpixel((200, 250)), (255, 127, 127), 4)
    assert min(made.crop((380, 250, 420, 251)).getchannel("R").tobytes()) > 235


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
@pytest.mark.parametrize("size", [(60, 40), (4000, 2400)])
def test_s12_a_palette_with_a_transparent_entry(kind: str, size: tuple[int, int]) -> None:
    image = Image.new("P", size, 0)
    image.putpalette([0, 0, 255, 255, 0, 0])
    image.paste(1, (0, 0, size[0] // 2, size[1]))
    made = picture_of(hostile.saved(image, kind, transparency=0)).convert("RGB")
    width, height = made.size
    assert is_near(made.getpixel((width // 4, height // 2)), (255, 0, 0))
    assert is_near(made.getpixel((3 * width // 4, height // 2)), (255, 255, 255))


@pytest.mark.parametrize(("mode", "transparent", "colour"), [("L", 7, 7), ("RGB", (1, 2, 3), (1, 2, 3))])
def test_s12_a_transparent_colour_becomes_white(mode: str, transparent: object, colour: object) -> None:
    made = picture_of(hostile.saved(Image.new(mode, (50, 50), colour), "PNG", transparency=transparent))
    assert is_near(made.getpixel((20, 20)), (255, 255, 255), 2)


@pytest.mark.parametrize("colour", ["red", "lime", "blue", "white", "black", "orange"])
@pytest.mark.parametrize("size", [(64, 64), (3200, 2400)])
def test_s12_cmyk_comes_out_right(colour: str, size: tuple[int, int]) -> None:
    made = picture_of(hostile.saved(Image.new("RGB", size, colour).convert("CMYK")))
    assert is_near(made.getpixel((30, 30)), ImageColor.getrgb(colour), 6)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_s12_a_good_colour_profile_is_followed(kind: str) -> None:
    content = hostile.saved(Image.new("RGB", (64, 64), "red"), kind, icc_profile=hostile.swapped_profile())
    red, _, blue = picture_of(content).getpixel((9, 9))
    assert (red, blue) < (40, 200) < (blue, 256)


def test_s12_a_profile_on_a_transparent_picture_is_followed_and_white_stays_white() -> None:
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (32, 0, 64, 64))
    made = picture_of(hostile.saved(image, "PNG", icc_profile=hostile.swapped_profile()))
    assert made.getpixel((10, 30))[2] > 200
    assert is_near(made.getpixel((54, 30)), (255, 255, 255), 3)


@pytest.mark.parametrize("junk", [b"junk", b"\0" * 128, hostile.swapped_profile()[:300]])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_s12_a_junk_profile_is_ignored(junk: bytes, mode: str) -> None:
    made = picture_of(hostile.saved(Image.new("RGB", (64, 64), "white").convert(mode), icc_profile=junk))
    assert is_near(made.getpixel((9, 9)), (255, 255, 255), 3)


def test_s12_a_profile_for_other_channels_is_ignored() -> None:
    content = hostile.saved(Image.new("RGB", (64, 64), "white").convert("CMYK"), icc_profile=hostile.swapped_profile())
    assert is_near(picture_of(content).getpixel((9, 9)), (255, 255, 255), 3)


# --- nothing but pixels


CARRIERS = {
    "JPEG": hostile.jpeg_with_everything,
    "PNG": hostile.png_with_everything,
    "WEBP": lambda: hostile.saved(
        hostile.corners(),
        "WEBP",
        exif=hostile.exif(1, with_gps=True),
        xmp=b"CanaryXmp",
        icc_profile=hostile.swapped_profile(),
    ),
    "GIF": lambda: hostile.saved(hostile.corners(), "GIF", comment=b"CanaryComment"),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_s12_no_metadata_comes_through(kind: str) -> None:
    content = CARRIERS[kind]()
    assert b"Canary" in content
    for jpeg in made_of(content).values():
        assert b"Canary" not in jpeg
        assert markers_of(jpeg) <= {0xD8, 0xE0, 0xDB, 0xC0, 0xC4, 0xDA, 0xD9}, "a segment that is no pixels"
        assert set(Image.open(io.BytesIO(jpeg)).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}


def markers_of(jpeg: bytes) -> set[int]:
    """The markers of a JPEG's segments up to its end, which must be the file's end."""
    found, position = {0xD8}, 2
    while position < len(jpeg):
        assert jpeg[position] == 0xFF, position
        marker = jpeg[position + 1]
        found.add(marker)
        if marker == 0xDA:
            assert jpeg.index(b"\xff\xd9", position) == len(jpeg) - 2
            return found | {0xD9}
        position += 2 + int.from_bytes(jpeg[position + 2 : position + 4], "big")
    raise AssertionError("no scan")


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("tail", [hostile.HTML, b"%PDF-1.4\n1 0 obj", b"PK\x03\x04" + bytes(26)])
def test_s12_a_polyglot_comes_out_as_plain_pixels(kind: str, tail: bytes) -> None:
    for jpeg in made_of(hostile.saved(hostile.corners(), kind) + tail).values():
        assert tail not in jpeg
        assert markers_of(jpeg)


def test_s12_a_page_hidden_in_a_comment_is_gone() -> None:
    content = hostile.saved(hostile.corners(), comment=hostile.HTML)
    assert hostile.HTML in content
    assert all(hostile.HTML not in jpeg for jpeg in made_of(content).values())


# --- several frames: the first


def test_s12_of_a_phones_mpo_the_first_picture() -> None:
    second = Image.new("RGB", (160, 120), "black")
    content = hostile.saved(hostile.corners(), "MPO", save_all=True, append_images=[second])
    made = picture_of(content, format="JPEG", accepted=["JPEG"])
    assert all(is_near(found, wanted) for found, wanted in zip(quarters(made), WANTED, strict=True))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_s12_of_an_animation_the_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (160, 120), "black"), Image.new("RGB", (160, 120), "white")]
    content = hostile.saved(hostile.corners(), kind, save_all=True, append_images=frames, duration=100)
    made = picture_of(content).convert("RGB")
    assert all(is_near(found, wanted, 40) for found, wanted in zip(quarters(made), WANTED, strict=True)), quarters(made)
