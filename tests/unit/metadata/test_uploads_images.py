"""What image_service sends back is checked, for whoever broke into it would answer too."""

from io import BytesIO

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from metadata_service import kinds
from metadata_service.images import rendered, rules
from metadata_service.jpeg import NotJpeg, dimensions


def a_jpeg(width: int, height: int, **more: object) -> bytes:
    written = BytesIO()
    Image.new("RGB", (width, height), "red").save(written, "JPEG", **more)
    return written.getvalue()


def answered(*pictures: tuple[str, int, int, bytes]) -> tuple[str, bytes]:
    parts = [{"name": n, "width": w, "height": h, "bytes": len(octets)} for n, w, h, octets in pictures]
    return orjson.dumps(parts).decode(), b"".join(octets for *_, octets in pictures)


GOOD = (("800", 800, 600, a_jpeg(800, 600)), ("400", 400, 400, a_jpeg(400, 400)), ("150", 150, 150, a_jpeg(150, 150)))


def test_three_pictures_of_the_sizes_asked_for_are_taken() -> None:
    pictures = rendered(*answered(*GOOD))
    assert [(each.size, each.width, each.height) for each in pictures] == [(n, w, h) for n, w, h, _ in GOOD]


@pytest.mark.parametrize(
    "pictures",
    [
        GOOD[:2],
        (*GOOD, GOOD[0]),
        (GOOD[1], GOOD[0], GOOD[2]),
        (("800", 900, 600, a_jpeg(900, 600)), *GOOD[1:]),
        (("800", 800, 599, GOOD[0][3]), *GOOD[1:]),
        (GOOD[0], ("400", 400, 300, a_jpeg(400, 300)), GOOD[2]),
        (GOOD[0], GOOD[1], ("150", 151, 151, a_jpeg(151, 151))),
        (("800", 800, 600, b"<html>" + GOOD[0][3]), *GOOD[1:]),
        (("800", 800, 600, b""), *GOOD[1:]),
    ],
)
def test_anything_else_is_not(pictures: tuple[tuple[str, int, int, bytes], ...]) -> None:
    with pytest.raises((ValueError, NotJpeg)):
        rendered(*answered(*pictures))


def test_bytes_beyond_what_was_promised_are_not_taken() -> None:
    parts, body = answered(*GOOD)
    for changed in (body + b"x", body[:-1]):
        with pytest.raises(ValueError, match="add up"):
            rendered(parts, changed)


@given(st.text(max_size=60))
def test_no_header_that_is_not_right_does_more_than_fail(parts: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        rendered(parts, b"")


@pytest.mark.parametrize("more", [{}, {"progressive": True}, {"exif": b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x00\x00"}])
def test_dimensions_come_from_the_frame(more: dict[str, object]) -> None:
    assert dimensions(a_jpeg(641, 7, **more)) == (641, 7)


@given(st.binary(max_size=200))
def test_dimensions_of_anything_are_read_or_refused(octets: bytes) -> None:
    for tried in (octets, b"\xff\xd8" + octets):
        try:
            width, height = dimensions(tried)
        except NotJpeg:
            continue
        assert 0 <= width <= 65_535
        assert 0 <= height <= 65_535


def test_the_rules_are_the_kinds_and_on_one_line() -> None:
    spoken = rules(kinds.read()["profile_image"], "image/jpg")
    assert "\n" not in spoken
    assert orjson.loads(spoken) == {
        "format": "JPEG",
        "accepted": ["JPEG", "PNG", "WEBP"],
        "max_pixels": 52_428_800,
        "max_side": 20_000,
        "quality": 85,
        "sizes": [{"name": "800", "fit": 800}, {"name": "400", "square": 400}, {"name": "150", "square": 150}],
    }
