"""Who may read what is not public, and by what: by the records and the caller alone."""

import pytest

from metadata_service import media_urls
from metadata_service.callers import Caller
from metadata_service.object_keys import ObjectKey
from metadata_service.store.objects import StoredObject

OBJECT = ObjectKey("alice", "profile", "0d9f6c1e-3a1b-4c58-9d1f-5b8e2a7c4f60", "jpg")
ALICE, BOB = Caller("alice", "alice", "token"), Caller("bob", "bob", "token")
PRESS = Caller("press", "s-press", "token", "service")


def an_object(visibility: str, receipt: str | None = "receipt", owner: str = "alice") -> StoredObject:
    object_key = ObjectKey(owner, OBJECT.category, OBJECT.id, OBJECT.ext)
    return StoredObject(object_key, "profile_image", 1, 0, visibility, receipt)


@pytest.mark.parametrize("visibility", ["private", "signed_in", "public"])
def test_an_owner_needs_no_receipt(visibility: str) -> None:
    assert media_urls.proof(an_object(visibility), ALICE) == {}
    assert media_urls.proof(an_object(visibility, owner="s-press"), PRESS) == {}


def test_whoever_is_signed_in_reads_by_the_receipt_what_is_open_to_them() -> None:
    assert media_urls.proof(an_object("signed_in"), BOB) == {"receipt": "receipt"}
    assert media_urls.proof(an_object("signed_in", receipt=None), BOB) is None
    assert media_urls.proof(an_object("private", receipt=None), BOB) is None


def test_neither_nobody_nor_an_internal_service_is_signed_in() -> None:
    assert media_urls.proof(an_object("signed_in"), None) is None
    assert media_urls.proof(an_object("signed_in"), PRESS) is None
