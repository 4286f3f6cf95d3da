"""What metadata and the sweeper mint, shown to the real signer: each kind of item, and the reading of its answer.

The clock is the machine's own here, for metadata has no other.
"""

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from metadata_service import grants, owners
from metadata_service.bucket import Bucket
from metadata_service.errors import Unavailable
from metadata_service.grants import Asker, GrantKey, Item
from metadata_service.object_keys import LARGE, SIZES, ObjectKey
from metadata_service.signer import Signed, checked
from tests.contract import make_vectors as make
from tests.contract.test_grant_v1_vectors import start

PICTURE = ObjectKey(make.ALICE, "photos", make.PHOTO, "jpg")
DOCUMENT = ObjectKey(make.ALICE, "resume", make.RESUME, "pdf")
OWN = ObjectKey("s-demo", "photos", make.PHOTO, "jpg")
BUCKET = Bucket.at(make.LOCAL["bucket"], make.LOCAL["region"], make.LOCAL["endpoint"])
WINDOW = 150


def now() -> int:
    return int(time.time())


def grant_key(folder: Path, issuer: str) -> GrantKey:
    """The private half of a key that the vectors' signer knows, from a file as each process reads its own."""
    kid = make.DEFAULT_KEYS[issuer]
    path = folder / f"{issuer}.jwk"
    path.write_text(json.dumps(make.jwk(kid, d=make.b64url(make.seed(kid)))))
    return GrantKey.read(path, issuer)


def alice() -> Asker:
    return Asker(make.ALICE, make.token(exp=now() + 600, iat=now()))


def demo() -> Asker:
    return Asker("demo", make.service_token(iat=now(), exp=now() + 60), named_as="service")


@pytest.fixture
def signer(tmp_path: Path) -> FlaskClient:
    """A signer that has been up for an hour, with the vectors' keys."""
    client, clock = start(make.LOCAL | {"memory_began": now() - 3600}, tmp_path)
    clock.now = now()
    return client


def sign(signer: FlaskClient, key: GrantKey, items: list[Item], asker: Asker | None) -> Any:
    body = {"grant": key.grant(items, make.LOCAL["name"], asker)}
    if asker is not None:
        body["caller_token"] = asker.token
    return signer.post("/v1/sign", json=body)


def public_receipt(object_key: ObjectKey) -> str:
    return make.receipt(owner=object_key.owner, category=object_key.category, id=object_key.id, ext=object_key.ext)


def window_end() -> int:
    return now() - now() % WINDOW + 2 * WINDOW


def a_served_put(size: str) -> Item:
    return grants.put_served(PICTURE, size, now() + 60, content_length=51_200, checksum_sha256=make.DIGEST)


def an_incoming_put(object_key: ObjectKey = PICTURE, **bound: Any) -> Item:
    declared = {"content_type": "image/jpeg", "content_length": None, "checksum_sha256": None, **bound}
    return grants.put_incoming(object_key, now() + 300, **declared)


MINTED: dict[str, Callable[[], tuple[list[Item], Asker | None]]] = {
    "an open upload": lambda: ([an_incoming_put(content_type=None)], alice()),
    "a declared upload": lambda: ([an_incoming_put(content_length=5, checksum_sha256=make.DIGEST)], alice()),
    "an upload of type image/jpg": lambda: ([an_incoming_put(content_type="image/jpg")], alice()),
    "a form": lambda: (
        [grants.post_incoming(PICTURE, now() + 900, content_type="image/png", length_range=(1, 5_242_880))],
        alice(),
    ),
    "an upload in parts": lambda: (
        [
            grants.multipart_create(PICTURE, now() + 900, content_type="image/jpeg"),
            grants.multipart_create(PICTURE, now() + 900, content_type=None),
            grants.multipart_part(PICTURE, now() + 900, make.UPLOAD_ID, 1),
            grants.multipart_part(PICTURE, now() + 900, make.UPLOAD_ID, 10_000, content_length=5_242_880),
            grants.multipart_list(PICTURE, now() + 900, make.UPLOAD_ID),
            grants.multipart_complete(PICTURE, now() + 900, make.UPLOAD_ID),
            grants.multipart_abort(PICTURE, now() + 900, make.UPLOAD_ID),
        ],
        alice(),
    ),
    "a look at what came": lambda: ([grants.get_incoming(PICTURE, now() + 60)], alice()),
    "a look at a document that came": lambda: ([grants.get_incoming(DOCUMENT, now() + 60)], alice()),
    "a picture completed": lambda: (
        [
            *[a_served_put(size) for size in SIZES],
            grants.publish(PICTURE, "public"),
            grants.get_served(PICTURE, SIZES, now() + 3600),
        ],
        alice(),
    ),
    "a document completed": lambda: (
        [grants.put_served(DOCUMENT, LARGE, now() + 60, content_length=9, checksum_sha256=make.DIGEST)],
        alice(),
    ),
    "a document read": lambda: ([grants.get_served(DOCUMENT, [LARGE], now() + 300)], alice()),
    "a public picture in a window": lambda: (
        [grants.get_served(PICTURE, SIZES, window_end(), receipt=public_receipt(PICTURE), window=WINDOW)],
        None,
    ),
    "a public document": lambda: (
        [grants.get_served(DOCUMENT, [LARGE], now() + 300, receipt=public_receipt(DOCUMENT))],
        None,
    ),
    "a signed-in visibility": lambda: ([grants.publish(PICTURE, "signed_in")], alice()),
    "a service's own upload": lambda: ([an_incoming_put(OWN)], demo()),
    "a service that reads": lambda: ([grants.get_served(PICTURE, ["150"], now() + 300)], demo()),
}


@pytest.mark.parametrize("name", MINTED)
def test_what_metadata_mints_the_signer_takes(name: str, signer: FlaskClient, tmp_path: Path) -> None:
    items, asker = MINTED[name]()
    response = sign(signer, grant_key(tmp_path, "metadata"), items, asker)
    assert response.status_code == 200, response.get_json()
    for item, made in zip(items, response.get_json()["items"], strict=True):
        signed = checked(item, made, BUCKET)
        assert signed != Signed(), item


@pytest.mark.parametrize(("area", "size"), [("incoming", LARGE), ("users", LARGE), ("users", "150"), ("users", "400")])
def test_what_the_sweeper_mints_the_signer_takes(area: str, size: str, signer: FlaskClient, tmp_path: Path) -> None:
    item = grants.delete(area, PICTURE, size, now() + 60)
    response = sign(signer, grant_key(tmp_path, "sweeper"), [item], None)
    assert response.status_code == 200, response.get_json()
    assert checked(item, response.get_json()["items"][0], BUCKET).url


def test_the_sweepers_end_of_an_upload_in_parts_the_signer_takes(signer: FlaskClient, tmp_path: Path) -> None:
    item = grants.multipart_abort(PICTURE, now() + 60, make.UPLOAD_ID)
    response = sign(signer, grant_key(tmp_path, "sweeper"), [item], None)
    assert response.status_code == 200, response.get_json()
    assert checked(item, response.get_json()["items"][0], BUCKET).url


@pytest.mark.parametrize(("asked", "field"), [("2", "part_number"), ("other", "upload_id")])
def test_a_url_of_another_part_is_not_believed(asked: str, field: str, signer: FlaskClient, tmp_path: Path) -> None:
    item = grants.multipart_part(PICTURE, now() + 60, make.UPLOAD_ID, 1)
    made = sign(signer, grant_key(tmp_path, "metadata"), [item], alice()).get_json()["items"][0]
    with pytest.raises(Unavailable):
        checked({**item, field: asked}, made, BUCKET)


def test_the_sweepers_key_mints_nothing_else(signer: FlaskClient, tmp_path: Path) -> None:
    response = sign(signer, grant_key(tmp_path, "sweeper"), [a_served_put(LARGE)], None)
    assert response.get_json()["error"] == "operation_not_permitted"


def decoded(part: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def test_a_minted_grant_has_the_contracts_header_and_claims(tmp_path: Path) -> None:
    key = grant_key(tmp_path, "metadata")
    header, claims = map(decoded, key.grant([grants.get_incoming(PICTURE, now() + 60)], "a", alice()).split(".")[:2])
    assert header == {"alg": "EdDSA", "typ": "grant+jwt", "kid": make.DEFAULT_KEYS["metadata"]}
    assert claims.keys() == {"iss", "aud", "iat", "exp", "jti", "caller", "items"}
    assert (claims["iss"], claims["aud"], claims["caller"]) == ("metadata", "countersign-signer/a", make.ALICE)
    assert abs(claims["iat"] - now()) <= 5
    assert 0 < claims["exp"] - claims["iat"] <= 60


def test_two_minted_grants_never_share_a_jti(tmp_path: Path) -> None:
    key = grant_key(tmp_path, "metadata")
    items = [grants.get_incoming(PICTURE, now() + 60)]
    assert len({decoded(key.grant(items, "a", None).split(".")[1])["jti"] for _ in range(50)}) == 50


def test_a_page_of_100_pictures_of_others_fits_one_request(signer: FlaskClient, tmp_path: Path) -> None:
    """The largest page there is: 100 receipts of the longest owners, in every size, in a window."""
    pictures = [ObjectKey("a" * 128, "projects", make.PHOTO[:-3] + f"{n:03x}", "jpg") for n in range(100)]
    items = [
        grants.get_served(picture, SIZES, window_end(), receipt=public_receipt(picture), window=WINDOW)
        for picture in pictures
    ]
    response = sign(signer, grant_key(tmp_path, "metadata"), items, None)
    assert response.status_code == 200, response.get_json()
    assert len(response.get_json()["items"]) == 100


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=256))
def test_both_sides_and_the_vectors_say_the_same_owner(sub: str) -> None:
    assert owners.owner_of(sub) == make.owner_form(sub)


def test_a_services_owner_is_the_vectors() -> None:
    assert owners.owner_of_service("demo") == make.owner_form("demo", service=True)
