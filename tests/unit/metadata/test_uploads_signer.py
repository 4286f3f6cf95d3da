"""What the signer's client asks, retries, and refuses to believe."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from metadata_service import clock, grants
from metadata_service.bucket import Bucket
from metadata_service.connections import Address
from metadata_service.errors import Unauthorized, Unavailable
from metadata_service.grants import Asker, GrantKey
from metadata_service.object_keys import ObjectKey
from metadata_service.signer import NotPublished, Refused, Replica, Signer
from tests.unit.metadata.uploads_peers import CUT, Peer, a_peer, answer

PRIVATE = Ed25519PrivateKey.generate()
KEY = ObjectKey("alice", "profile", "3d0c7b1e-52c4-4c1c-9f6a-7f2f6f3c9a01", "jpg")
BUCKET = Bucket.at("b", "eu-central-1", "http://s3.example:4566")
ASKER = Asker("alice", "token")
AUDIT = {"chain": "c", "seq": 1, "hash": "h"}


def signed(*items: Mapping[str, Any], audit: Mapping[str, Any] | None = AUDIT) -> bytes:
    return answer(200, json.dumps({"items": items, "audit": audit}).encode())


def refused(status: int, code: str, headers: str = "") -> bytes:
    return answer(status, json.dumps({"error": code, "message": "items[0]: x"}).encode(), headers=headers)


def a_signer(*peers: Peer, noted: list[Any] | None = None) -> Signer:
    replicas = [Replica(name, Address.parse(peer.origin)) for name, peer in zip("ab", peers, strict=False)]
    lines = [] if noted is None else noted
    return Signer(replicas, GrantKey(PRIVATE, "metadata-test", "metadata"), BUCKET, lines.append)


def an_incoming_get() -> grants.Item:
    return grants.get_incoming(KEY, clock.now() + 60)


GOOD_URL = f"http://s3.example:4566/b/incoming/users/alice/profile/{KEY.id}.jpg?X-Amz-Signature=0"


def claims_of(peer: Peer, number: int) -> dict[str, Any]:
    request = json.loads(peer.asked[number][1])
    audience = "countersign-signer/a"
    claims: dict[str, Any] = jwt.decode(request["grant"], PRIVATE.public_key(), ["EdDSA"], audience=audience)
    return claims


def test_a_grant_is_signed_and_carries_the_callers_own_token() -> None:
    noted: list[Any] = []
    with a_peer([signed({"method": "GET", "url": GOOD_URL})]) as peer:
        [answered] = a_signer(peer, noted=noted).sign([an_incoming_get()], ASKER)
        claims = claims_of(peer, 0)
        request = json.loads(peer.asked[0][1])
    assert answered.url == GOOD_URL
    assert noted == [AUDIT]
    assert request["caller_token"] == "token"
    assert jwt.get_unverified_header(request["grant"]) == {"alg": "EdDSA", "typ": "grant+jwt", "kid": "metadata-test"}
    assert (claims["iss"], claims["caller"]) == ("metadata", "alice")
    assert 0 < claims["exp"] - claims["iat"] <= 60


def test_a_lost_answer_is_asked_for_again_with_another_grant() -> None:
    with a_peer([CUT, signed({"method": "GET", "url": GOOD_URL})]) as peer:
        a_signer(peer).sign([an_incoming_get()], ASKER)
        assert claims_of(peer, 0)["jti"] != claims_of(peer, 1)["jti"]


def test_grants_are_spread_over_the_replicas_each_made_out_to_one() -> None:
    said = signed({"method": "GET", "url": GOOD_URL})
    with a_peer([said]) as one, a_peer([said]) as two:
        signer = a_signer(one, two)
        for _ in range(2):
            signer.sign([an_incoming_get()], ASKER)
        assert (len(one.asked), len(two.asked)) == (1, 1)
        grant = json.loads(two.asked[0][1])["grant"]
        assert jwt.decode(grant, options={"verify_signature": False})["aud"] == "countersign-signer/b"


def test_where_one_replica_is_gone_the_other_is_asked() -> None:
    with a_peer([signed({"method": "GET", "url": GOOD_URL})]) as there:
        gone = Peer(1)
        assert a_signer(gone, there).sign([an_incoming_get()], ASKER)


def test_503_is_said_on_with_its_retry_after() -> None:
    with a_peer([refused(503, "audit_unavailable", "Retry-After: 7\r\n")]) as peer:
        with pytest.raises(Unavailable) as unavailable:
            a_signer(peer).sign([an_incoming_get()], ASKER)
        assert unavailable.value.headers["Retry-After"] == "7"


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        a_signer(Peer(1)).sign([an_incoming_get()], ASKER)


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        (401, "invalid_caller_token", Unauthorized),
        (403, "not_published", NotPublished),
        (403, "operation_frozen", Unavailable),
        (401, "invalid_grant", Unavailable),
        (400, "invalid_item", Unavailable),
        (307, "moved", Unavailable),
    ],
)
def test_each_refusal_means_what_it_is_to_our_client(status: int, code: str, meaning: type[Exception]) -> None:
    with a_peer([refused(status, code, "Location: http://127.0.0.1:1/\r\n")]) as peer, pytest.raises(meaning):
        a_signer(peer).sign([an_incoming_get()], ASKER)


@pytest.mark.parametrize(("item", "named"), [("2", 2), ("null", None), ('"2"', None), ("true", None)])
def test_a_refusal_says_which_item_it_is_about(item: str, named: int | None) -> None:
    said = answer(403, b'{"error": "operation_frozen", "item": ' + item.encode() + b"}")
    with a_peer([said]) as peer, pytest.raises(Refused) as refused:
        a_signer(peer).sign([an_incoming_get()], ASKER)
    assert (refused.value.error, refused.value.item) == ("operation_frozen", named)


def test_a_signer_that_lacks_its_keys_blames_no_item() -> None:
    said = answer(503, b'{"error": "credentials_unavailable", "item": 0}')
    with a_peer([said]) as peer, pytest.raises(Unavailable) as unavailable:
        a_signer(peer).sign([an_incoming_get()], ASKER)
    assert not isinstance(unavailable.value, Refused)


@pytest.mark.parametrize(
    "url",
    [
        GOOD_URL.replace("s3.example", "evil.example"),
        GOOD_URL.replace("http:", "https:"),
        GOOD_URL.replace("alice", "bob"),
        GOOD_URL.replace("incoming/", ""),
        GOOD_URL.replace("/b/", "/other/"),
        GOOD_URL.replace("s3.example", "s3.example@evil.example"),
        GOOD_URL.replace(".jpg?", ".jpg/?"),
    ],
)
def test_a_url_that_was_not_asked_for_goes_no_further(url: str) -> None:
    with a_peer([signed({"method": "GET", "url": url})]) as peer, pytest.raises(Unavailable):
        a_signer(peer).sign([an_incoming_get()], ASKER)


def test_a_form_to_elsewhere_goes_no_further() -> None:
    item = grants.post_incoming(KEY, clock.now() + 60, content_type="image/jpeg", length_range=(0, 9))
    good = {"url": BUCKET.url, "fields": {"key": KEY.incoming}}
    for form in (good | {"url": "http://evil.example/b"}, good | {"fields": {"key": KEY.text()}}, {"url": BUCKET.url}):
        with a_peer([signed(form)]) as peer, pytest.raises(Unavailable):
            a_signer(peer).sign([item], ASKER)
    with a_peer([signed(good)]) as peer:
        assert a_signer(peer).sign([item], ASKER)[0].fields == {"key": KEY.incoming}


@pytest.mark.parametrize("said", [answer(200, b"no json"), signed(), signed({}), signed({}, {}), answer(200, b"[]")])
def test_an_answer_that_cannot_be_right_is_unavailable(said: bytes) -> None:
    with a_peer([said]) as peer, pytest.raises(Unavailable):
        a_signer(peer).sign([an_incoming_get()], ASKER)


def test_no_item_that_we_ask_for_has_a_field_that_the_contract_never_accepts_there() -> None:
    vectors = json.loads((Path(__file__).parents[2] / "contract" / "grant_v1.json").read_text())
    requests = [request for case in vectors["cases"] for request in case["requests"]]
    accepted: dict[tuple[str, str], set[str]] = {}
    for body in (json.loads(request["body"]) for request in requests if request["expect"]["status"] == 200):
        for item in jwt.decode(body["grant"], options={"verify_signature": False})["items"]:
            accepted.setdefault((item["op"], item["area"]), set()).update(item)
    for item in every_item():
        assert set(item) <= accepted[item["op"], item["area"]]


def every_item() -> list[grants.Item]:
    pdf = ObjectKey("alice", "resume", KEY.id, "pdf")
    return [
        grants.put_incoming(KEY, 1, content_type="image/jpeg", content_length=1, checksum_sha256="c"),
        grants.put_incoming(KEY, 1, content_type="image/jpeg", content_length=None, checksum_sha256=None),
        grants.post_incoming(KEY, 1, content_type="image/jpeg", length_range=(0, 1)),
        grants.get_incoming(KEY, 1),
        grants.put_served(KEY, "800", 1, content_length=1, checksum_sha256="c"),
        grants.put_served(KEY, "150", 1, content_length=1, checksum_sha256="c"),
        grants.get_served(KEY, ["800"], 1),
        grants.get_served(KEY, ["800"], 1, receipt="r"),
        grants.get_served(KEY, ["800"], 1, receipt="r", window=150),
        grants.get_served(pdf, ["800"], 1),
        grants.publish(KEY, "public"),
        grants.delete("incoming", KEY, "800", 1),
        grants.delete("users", KEY, "800", 1),
        grants.delete("users", KEY, "150", 1),
    ]
