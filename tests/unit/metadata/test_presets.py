"""The presets: each reads without a fault, and keeps the rules of its seed."""

import tomllib
from pathlib import Path

import pytest

from metadata_service import kinds
from metadata_service.kinds import Kind, Kinds

PRESETS = Path(__file__).parents[3] / "docs" / "presets"
MB = 2**20


def preset(number: str) -> Kinds:
    return kinds.read(PRESETS / f"{number}.toml")


def test_there_is_one_for_each_seed() -> None:
    assert sorted(path.name for path in PRESETS.iterdir()) == [f"00{number}.toml" for number in range(5)]


@pytest.mark.parametrize("number", ["000", "001", "002", "003", "004"])
def test_each_says_how_to_run_it_and_serves_the_page(number: str) -> None:
    assert f"KINDS_FILE=docs/presets/{number}.toml make run" in (PRESETS / f"{number}.toml").read_text()
    assert "profile_image" in preset(number)


def test_seed_000_takes_gifs_and_lets_signed_in_people_read_for_an_hour() -> None:
    picture = preset("000")["profile_image"]
    assert picture.formats == ("JPEG", "PNG", "GIF", "WEBP")
    assert (picture.max_bytes, picture.reading_expiry, picture.visibility) == (5 * MB, 3_600, "signed_in")


def test_seed_001_leaves_the_type_open_for_ten_minutes_and_reads_for_two_to_five() -> None:
    picture = preset("001")["profile_image"]
    assert (picture.sign_type, picture.upload_expiry) == (False, 600)
    assert picture.visibility == "public"
    assert 120 <= picture.window < picture.reading_expiry <= 300


def test_seed_002_has_public_photos_by_forms_that_nobody_completes() -> None:
    photo = preset("002")["photo"]
    assert (photo.category, photo.method, photo.settle_on_list) == ("photos", "POST", True)
    assert (photo.visibility, photo.sign_type) == ("public", True)


def test_seed_003_is_what_is_shipped() -> None:
    assert tomllib.loads((PRESETS / "003.toml").read_text()) == tomllib.loads(kinds.PACKAGED.read_text())


def test_seed_004_has_its_own_rules() -> None:
    photo = preset("004")["profile_photo"]
    assert photo.accepts == ("image/jpeg", "image/png", "image/webp")
    assert (photo.max_bytes, photo.max_side, photo.max_pixels, photo.quality) == (5 * MB, 2_000, 2_000 * 2_000, 85)
    assert (photo.upload_expiry, photo.reading_expiry, photo.sign_type) == (900, 3_600, True)


def rules(kind: Kind) -> dict[str, object]:
    return {name: getattr(kind, name) for name in Kind.__slots__ if name != "name"}


def test_what_is_not_a_seeds_is_as_elsewhere() -> None:
    assert rules(preset("002")["profile_image"]) == rules(kinds.read()["profile_image"])
    assert rules(preset("004")["profile_image"]) == rules(preset("004")["profile_photo"])
