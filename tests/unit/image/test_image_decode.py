"""Which files are taken, and what is said of the others."""

import time
from collections.abc import Callable

import hostile
import pytest
from PIL import Image
from rendering import made_of, picture_of, rejected, rules_with

from image_service import decode
from image_service.rules import FORMATS


def test_an_empty_file_is_said_to_be_empty() -> None:
    assert rejected(b"").reason == "empty"


@pytest.mark.parametrize(
    "content",
    [
        hostile.EPS,
        hostile.SVG,
        hostile.HTML,
        b"%PDF-1.7\n",
        b"PK\x03\x04",
        b"GIF8",
        b"\xff\xd8",
        b"RIFF\0\0\0\0WAVE",
        hostile.saved(hostile.corners(), "BMP"),
        hostile.saved(hostile.corners(), "TIFF"),
        hostile.saved(hostile.corners(), "PPM"),
        hostile.HTML + hostile.saved(hostile.corners()),
    ],
)
def test_s11_what_is_no_picture_of_ours_is_not_opened(content: bytes) -> None:
    assert rejected(content).reason == "not_an_image"


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("declared", FORMATS)
def test_s11_a_file_must_be_what_it_was_announced_as(kind: str, declared: str) -> None:
    content = hostile.saved(hostile.corners(), kind)
    if kind == declared:
        assert made_of(content, format=declared)
    else:
        assert rejected(content, format=declared).reason == "type_mismatch"


def test_s11_a_gif_is_taken_only_where_the_rules_say_so() -> None:
    content = hostile.saved(hostile.corners(), "GIF")
    assert rejected(content, accepted=["JPEG", "PNG", "WEBP"]).reason == "type_mismatch"


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_s11_a_truncated_file_is_damaged(kind: str, share: float) -> None:
    content = hostile.saved(hostile.noise(300, 200), kind)
    assert rejected(content[: int(len(content) * share)]).reason == "damaged"


@pytest.mark.parametrize("progressive", [False, True])
def test_s11_half_a_jpeg_is_damaged_also_where_it_is_decoded_smaller(*, progressive: bool) -> None:
    content = hostile.saved(hostile.noise(4000, 3000), progressive=progressive)
    assert rejected(content[: len(content) // 2]).reason == "damaged"


@pytest.mark.parametrize(
    "head", [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\x04\0\0\0WEBP", b"RIFF\xff\xff\xff\xffWEBPVP8X"]
)
@pytest.mark.parametrize("tail", [b"", b"\0" * 64, b"\xff" * 64, hostile.HTML])
def test_s11_a_beginning_alone_is_rejected(head: bytes, tail: bytes) -> None:
    assert rejected(head + tail).reason in ("damaged", "too_many_pixels")


# --- bombs


@pytest.mark.parametrize(
    "content",
    [
        hostile.jpeg_claiming(60_000, 60_000),
        hostile.png_with(size=(50_000, 50_000)),
        hostile.png_with(size=(2**31 - 1, 2**31 - 1)),
        hostile.webp_claiming(16_384, 16_384),
        hostile.webp_claiming(1 << 24, 255),
        hostile.lossless_webp_claiming(16_384, 16_384),
        hostile.gif_claiming(65_535, 65_535),
        hostile.jpeg_claiming(20_001, 8),
        hostile.jpeg_claiming(8_192, 6_401),
    ],
)
def test_s13_a_pixel_bomb_is_refused_by_its_header(content: bytes) -> None:
    before = time.process_time()
    assert rejected(content).reason == "too_many_pixels"
    assert time.process_time() - before < 0.5, "something was decoded"


@pytest.mark.parametrize("size", [(2001, 10), (10, 2001)])
def test_a_side_longer_than_the_rules_say(size: tuple[int, int]) -> None:
    content = hostile.saved(Image.new("RGB", size))
    assert rejected(content, max_side=2000, max_pixels=4_000_000).reason == "too_many_pixels"


def test_as_many_pixels_as_the_rules_say_are_taken() -> None:
    content = hostile.saved(Image.new("RGB", (200, 100)))
    assert made_of(content, max_pixels=20_000, max_side=200)
    assert rejected(content, max_pixels=19_999).reason == "too_many_pixels"


@pytest.mark.parametrize("bomb", [hostile.text_bomb, hostile.many_texts_bomb, hostile.profile_bomb])
def test_s13_a_bomb_of_texts_or_a_profile_is_damaged(bomb: Callable[[], bytes]) -> None:
    assert rejected(bomb()).reason == "damaged"


def test_s13_thousands_of_scans_are_refused_before_the_first() -> None:
    content = hostile.many_scans(2000)
    assert len(content) < 60_000
    before = time.process_time()
    assert rejected(content).reason == "damaged"
    assert time.process_time() - before < 0.3


def test_s13_an_ordinary_progressive_jpeg_is_taken() -> None:
    assert picture_of(hostile.saved(hostile.noise(400, 300), progressive=True)).size == (400, 300)


def test_s13_what_looks_like_scans_behind_the_end_is_not_counted() -> None:
    assert made_of(hostile.saved(hostile.corners()) + b"\xff\xda" * 500)


def test_s13_what_looks_like_scans_in_a_comment_is_not_counted() -> None:
    assert made_of(hostile.saved(hostile.corners(), comment=b"\xff\xda" * 500))


def test_s13_an_animation_costs_its_first_frame() -> None:
    frames = [Image.new("RGB", (400, 300), (i % 255, 0, 0)) for i in range(300)]
    content = hostile.saved(hostile.corners(400, 300), "GIF", save_all=True, append_images=frames)
    before = time.process_time()
    assert made_of(content)
    assert time.process_time() - before < 0.5


def test_nothing_but_four_plugins_is_ever_loaded() -> None:
    assert set(decode._PLUGINS) == set(FORMATS)
    made_of(hostile.saved(hostile.corners()))
    assert Image.init() is False, "Pillow would have gone and imported the rest"


def test_rules_are_kept_within_what_the_decoder_can_do() -> None:
    asked = rules_with(max_pixels=10**9, max_side=10**6)
    assert (asked.max_pixels, asked.max_side) == (52_428_800, 20_000)
