"""Properties: whatever becomes of a file on its way, it is decoded, or rejected with a reason; nothing else."""

import contextlib
from collections.abc import Callable

import hostile
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rendering import made_of, rules_with

from image_service import rules
from image_service.errors import BadRequest, FileRejected
from image_service.inspect_pdf import inspect

PICTURES = {
    "JPEG": hostile.jpeg_with_everything(),
    "progressive": hostile.saved(hostile.corners(40, 30), progressive=True, exif=hostile.exif(6)),
    "PNG": hostile.png_with_everything(),
    "palette": hostile.saved(hostile.corners(40, 30).convert("P"), "PNG", transparency=1),
    "WEBP": hostile.saved(hostile.corners(40, 30), "WEBP", exif=hostile.exif(6)),
    "GIF": hostile.saved(hostile.corners(40, 30), "GIF"),
}
REASONS = {"empty", "not_an_image", "type_mismatch", "too_many_pixels", "damaged"}
PDF = hostile.raw_pdf(b"<< /S /GoTo /D [3 0 R /Fit] >>", catalog=b"/OpenAction 4 0 R")

changes = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12)


def changed(content: bytes, where: list[tuple[float, int]]) -> bytes:
    out = bytearray(content)
    for place, value in where:
        out[int(place * len(out))] = value
    return bytes(out)


def reason_of(attempt: Callable[[], object]) -> str | None:
    """Why a file was rejected; None where it was not."""
    try:
        attempt()
    except FileRejected as rejected:
        return rejected.reason
    return None


@pytest.mark.parametrize("kind", PICTURES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(where=changes)
def test_s11_a_changed_picture_is_decoded_or_rejected(kind: str, where: list[tuple[float, int]]) -> None:
    content, made = changed(PICTURES[kind], where), {}
    assert reason_of(lambda: made.update(made_of(content, max_pixels=1_000_000))) in {None, *REASONS}
    assert all(jpeg.startswith(b"\xff\xd8\xff\xe0") and b"Canary" not in jpeg for jpeg in made.values())


@settings(max_examples=150, deadline=None)
@given(where=changes)
def test_s14_a_changed_pdf_is_inspected_or_rejected(where: list[tuple[float, int]]) -> None:
    content = changed(PDF, where)
    assert reason_of(lambda: inspect(content)) in {None, "type_mismatch", "damaged", "active_content"}


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=300))
def test_s11_arbitrary_bytes_are_rejected(content: bytes) -> None:
    with pytest.raises(FileRejected):
        made_of(content)
    with pytest.raises(FileRejected):
        inspect(content)


@given(text=st.text(max_size=200))
def test_rules_are_rules_or_a_bad_request(text: str) -> None:
    with contextlib.suppress(BadRequest):
        rules.parse(text)


@given(
    name=st.sampled_from(["format", "accepted", "max_pixels", "max_side", "quality", "sizes"]),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "fit", "square"]), inner, max_size=3)
        ),
        max_leaves=6,
    ),
)
def test_each_rule_is_of_its_kind_or_a_bad_request(name: str, value: object) -> None:
    with contextlib.suppress(BadRequest):
        rules_with(**{name: value})
