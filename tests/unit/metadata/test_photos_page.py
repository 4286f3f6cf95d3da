"""What `GET /photos` may be asked for: every wrong value is refused under its own name."""

from typing import Any

import pytest
from flask import Flask

from metadata_service import strict_json
from metadata_service.errors import ValidationFailed
from metadata_service.schemas.photos import PHOTOS_PAGE

APP = Flask(__name__)


def loaded(query: str) -> dict[str, Any]:
    with APP.test_request_context(f"/photos?{query}"):
        return strict_json.query(PHOTOS_PAGE)


@pytest.mark.parametrize(("query", "limit"), [("", 50), ("limit=1", 1), ("limit=100", 100), ("limit=007", 7)])
def test_a_limit_is_1_to_100_and_50_by_default(query: str, limit: int) -> None:
    assert loaded(query) == {"limit": limit, "cursor": None}


SIGNED_OR_SPACED = ["%2B5", "+5", "-1", "%205", "5%20", "5%00", "5%0A"]
OTHER_DIGITS = ["%EF%BC%91", "%D9%A5", "%C2%B2", "0x5", "1_0", "5.0", "5e0"]


@pytest.mark.parametrize(
    "limit", ["", "0", "101", "9" * 20, "9" * 5_000, "five", "null", "[5]", *SIGNED_OR_SPACED, *OTHER_DIGITS]
)
def test_what_is_no_limit_is_refused(limit: str) -> None:
    with pytest.raises(ValidationFailed) as failed:
        loaded(f"limit={limit}")
    assert set(failed.value.fields) == {"limit"}


@pytest.mark.parametrize(
    ("query", "field"), [("limit=5&limit=5", "limit"), ("cursor=a&cursor=a", "cursor"), ("page=2", "page")]
)
def test_what_is_given_twice_or_is_not_known_is_refused(query: str, field: str) -> None:
    with pytest.raises(ValidationFailed) as failed:
        loaded(query)
    assert set(failed.value.fields) == {field}
