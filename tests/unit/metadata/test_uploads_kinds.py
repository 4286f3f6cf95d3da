"""Kinds are data: what the packaged ones say, and every fault of a file at once."""

from pathlib import Path
from typing import Any

import pytest

from metadata_service import kinds
from metadata_service.kinds import FaultyKinds
from metadata_service.upload_errors import ExtensionMismatch, TooLarge, UnsupportedContentType
from metadata_service.uploads.beginning import Wanted, permitted

PICTURE: dict[str, Any] = {
    "category": "profile",
    "accepts": ["image/jpeg", "image/jpg"],
    "max_bytes": 100,
    "max_pixels": 100,
    "max_side": 10,
    "quality": 85,
    "upload_expiry": 300,
    "reading_expiry": 300,
    "sign_type": True,
    "require_length": False,
    "visibility": "public",
}


def test_the_packaged_kinds_are_those_of_the_interface() -> None:
    packaged = kinds.read()
    assert set(packaged) == {"profile_image", "project_image", "photo", "profile_photo", "resume"}
    picture, resume = packaged["profile_image"], packaged["resume"]
    assert (picture.max_bytes, picture.max_pixels, picture.max_side) == (5 * 2**20, 50 * 2**20, 20_000)
    assert (picture.formats, picture.ext, picture.visibility) == (("JPEG", "PNG", "WEBP"), "jpg", "public")
    assert (resume.max_bytes, resume.ext, resume.visibility) == (10 * 2**20, "pdf", "private")
    assert {kind.upload_expiry for name, kind in packaged.items() if name != "profile_photo"} == {300}
    own = packaged["profile_photo"]
    assert (own.upload_expiry, own.max_side, own.max_bytes) == (900, 2_000, 5 * 2**20)
    assert (packaged["photo"].max_bytes, packaged["photo"].visibility) == (20 * 2**20, "private")
    assert {kind.window for kind in packaged.values()} == {150}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"quota": 3}, "quota: is not a field"),
        ({"max_bytes": True}, "max_bytes: must be a int"),
        ({"max_bytes": 0}, "max_bytes: must be 1 to"),
        ({"reading_expiry": 301}, "reading_expiry: must be even"),
        ({"reading_expiry": 3_602}, "reading_expiry: must be 2 to 3600"),
        ({"upload_expiry": 901}, "upload_expiry: must be 1 to 900"),
        ({"accepts": ["image/svg+xml"]}, "no type that can be taken"),
        ({"accepts": []}, "must name a content type"),
        ({"accepts": [7]}, "no type that can be taken"),
        ({"category": "other"}, "category: must be one of"),
        ({"visibility": "link"}, "visibility: must be one of"),
        ({"method": "PATCH"}, "method: must be one of PUT, POST"),
        ({"method": True}, "method: must be a str"),
        ({"accepts": ["application/pdf"]}, "max_pixels: is not a field"),
    ],
)
def test_each_fault_is_named(changed: dict[str, Any], fault: str) -> None:
    with pytest.raises(FaultyKinds, match=fault):
        kinds.made({"it": PICTURE | changed})


@pytest.mark.parametrize("category", ["profile", "photos"])
def test_a_document_is_no_picture(category: str) -> None:
    without = {name: value for name, value in PICTURE.items() if name not in ("max_pixels", "max_side", "quality")}
    with pytest.raises(FaultyKinds, match=r"it.accepts: application/pdf is no picture"):
        kinds.made({"it": without | {"accepts": ["application/pdf"], "category": category}})


def test_all_faults_are_named_at_once() -> None:
    one = {name: value for name, value in PICTURE.items() if name != "max_bytes"} | {"colour": "red"}
    with pytest.raises(FaultyKinds) as faulty:
        kinds.made({"one": one, "two": PICTURE | {"quality": 0, "max_side": -1}, "three": 3})
    assert {fault.partition(":")[0] for fault in faulty.value.faults} == {
        "one.max_bytes",
        "one.colour",
        "two.quality",
        "two.max_side",
        "three",
    }


@pytest.mark.parametrize("text", ["", "[a", "\xff"])
def test_a_file_that_is_none_is_faulty(tmp_path: Path, text: str) -> None:
    (tmp_path / "kinds.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(FaultyKinds):
        kinds.read(tmp_path / "kinds.toml")
    with pytest.raises(FaultyKinds):
        kinds.read(tmp_path / "absent.toml")


def test_what_is_declared_is_held_to_the_kind() -> None:
    rules = kinds.made({"it": PICTURE})
    for extension in (None, "jpg", ".jpeg", ".JPG"):
        assert permitted(Wanted("it", "image/jpg", extension, content_length=100), rules).name == "it"
    with pytest.raises(ExtensionMismatch):
        permitted(Wanted("it", "image/jpeg", "..jpg"), rules)
    with pytest.raises(TooLarge):
        permitted(Wanted("it", "image/jpeg", content_length=101), rules)
    with pytest.raises(UnsupportedContentType):
        permitted(Wanted("it", "image/jpeg; q=1"), rules)
