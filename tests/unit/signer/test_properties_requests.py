"""S09 and S20 through the whole signer: whatever a request says, no 500 and no URL outside the grammar."""

import json
import re
import uuid
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract import make_vectors as make
from tests.contract.test_grant_v1_vectors import start

UUID4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
NAME = rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,127}}/(profile|projects|resume|photos)/{UUID4}"
OBJECT_KEY = re.compile(rf"(users/{NAME}(-150|-400)?|incoming/users/{NAME})\.(jpg|png|webp|gif|pdf)", re.ASCII)
MADE = {
    "put_incoming": make.put_incoming,
    "put_users": make.put_users,
    "post": make.post_incoming,
    "get_incoming": make.get_incoming,
    "get_users": make.get_users,
    "get_resume": make.get_resume,
    "delete": make.delete,
    "publish": make.publish,
    **{f"multipart_{op}": partial(make.multipart, op) for op in make.METHODS},
}
FIELDS = sorted(
    {name for item in MADE.values() for name in item()}
    | {"size", "sizes", "window", "receipt", "upload_id", "part_number", "key"}
)

times = st.integers(make.NOW - 100, make.NOW + 4000)
OPERATIONS = ["put", "get", "post", "delete", "publish", "reissue", "multipart_create", "multipart_part"]
NAMES = ["users", "incoming", "photos", "pdf", "jpg", "150", "400", "800", "public", "link", "signed_in", "*"]
VALUES = [make.ALICE, make.PHOTO, make.DIGEST, make.IMMUTABLE, make.receipt(), make.receipt("link", make.NOW + 900)]
ODD = ["image/jpeg", "application/pdf", "users/../x", "\n", "\0", "${filename}"]
words = st.sampled_from([*OPERATIONS, *NAMES, *VALUES, *ODD])
scalars = st.none() | st.booleans() | st.integers() | times | st.floats() | st.text(max_size=20) | words
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5) | words, inner, max_size=3),
    max_leaves=8,
)
changes = st.dictionaries(st.sampled_from(FIELDS), anything | st.just(make.DROP), max_size=3)
items = st.builds(lambda made, changed: make.changed(MADE[made](), changed), st.sampled_from(sorted(MADE)), changes)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    client, clock = start(make.LOCAL, tmp_path_factory.mktemp("signer"))
    clock.now = make.NOW
    return client


def check_url(url: str) -> None:
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("http", "127.0.0.1:4566")
    assert OBJECT_KEY.fullmatch(parts.path.removeprefix("/countersign-local/")), url
    query = parse_qs(parts.query, strict_parsing=True)
    assert all(len(texts) == 1 for texts in query.values())
    assert 1 <= int(query["X-Amz-Expires"][0]) <= 3600 + 1800
    assert "host" in query["X-Amz-SignedHeaders"][0].split(";")


def check_item(item: dict[str, Any]) -> None:
    if "fields" in item:
        assert OBJECT_KEY.fullmatch(item["fields"]["key"])
        return
    for url in item.get("urls", {"": item["url"]} if "url" in item else {}).values():
        check_url(url)


def check(signer: FlaskClient, body: str | bytes) -> None:
    """The signer's answer is one of the contract's; what it signs is in the grammar."""
    encoded = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    response = signer.post("/v1/sign", data=encoded, content_type="application/json")
    answer = response.get_json()
    if response.status_code != 200:
        assert make.STATUS[answer["error"]] == response.status_code
        return
    for item in answer["items"]:
        check_item(item)


@given(st.lists(items, min_size=1, max_size=3))
@settings(max_examples=300)
def test_s09_no_field_of_an_item_leads_outside_the_grammar(signer: FlaskClient, asked: list[dict[str, Any]]) -> None:
    check(signer, make.Ask(asked, jti=str(uuid.uuid4())).text())


@given(st.lists(anything, max_size=3) | anything)
def test_s20_items_may_be_anything(signer: FlaskClient, asked: Any) -> None:
    check(signer, make.Ask(asked, jti=str(uuid.uuid4())).text())


claim_names = st.sampled_from(["iss", "aud", "iat", "exp", "jti", "caller", "service", "items", "nbf", "sub"])


@given(st.dictionaries(claim_names, anything | st.just(make.DROP), min_size=1, max_size=3))
def test_s20_claims_may_be_anything(signer: FlaskClient, claims: dict[str, Any]) -> None:
    check(signer, make.Ask([make.put_incoming()], jti=str(uuid.uuid4()), claims=claims, token=make.token()).text())


header_names = st.sampled_from(["alg", "typ", "kid", "crit", "jku", "jwk", "x5u", "x5c", "b64", "zip"])
algorithms = st.sampled_from(["none", "HS256", "RS256", "ES256", "EdDSA", "Ed25519"])


@given(st.dictionaries(header_names, anything | algorithms | st.just(make.DROP), min_size=1, max_size=3))
def test_s20_a_grants_header_may_be_anything(signer: FlaskClient, header: dict[str, Any]) -> None:
    ask = make.Ask([make.put_incoming()], jti=str(uuid.uuid4()), header=header, token=make.token())
    response = signer.post("/v1/sign", data=ask.text().encode(), content_type="application/json")
    is_exact = make.changed({"alg": "EdDSA", "typ": "grant+jwt", "kid": ask.kid}, header) == {
        "alg": "EdDSA",
        "typ": "grant+jwt",
        "kid": ask.kid,
    }
    assert (response.status_code == 200) == is_exact
    assert is_exact or response.get_json()["error"] == "invalid_grant"


token_claims = st.dictionaries(
    st.sampled_from(["sub", "iss", "exp", "iat", "nbf", "client_id", "token_use", "aud"]),
    anything | st.just(make.DROP),
    min_size=1,
    max_size=3,
)


@given(token_claims)
def test_s20_a_tokens_claims_may_be_anything(signer: FlaskClient, claims: dict[str, Any]) -> None:
    text = make.token(claims.pop("sub", make.ALICE), **claims)
    check(signer, make.Ask([make.put_incoming()], jti=str(uuid.uuid4()), token=text).text())


@given(token_claims)
def test_s20_a_service_tokens_claims_may_be_anything(signer: FlaskClient, claims: dict[str, Any]) -> None:
    text = make.service_token(**claims)
    check(signer, make.Ask([make.get_users()], jti=str(uuid.uuid4()), service="demo", token=text).text())


@given(st.text(max_size=80) | words, st.text(max_size=80) | words)
def test_s20_texts_in_place_of_tokens(signer: FlaskClient, grant: str, token: str) -> None:
    check(signer, json.dumps({"grant": grant, "caller_token": token}, ensure_ascii=False))


@given(st.binary(max_size=200) | anything.map(lambda value: json.dumps(value).encode()))
def test_s20_bodies_may_be_anything(signer: FlaskClient, body: bytes) -> None:
    check(signer, body)


receipts = st.builds(
    lambda text, place, spoiler: text[:place] + spoiler + text[place + 1 :],
    st.sampled_from([make.receipt(), make.receipt("link", make.NOW + 900), make.receipt("signed_in")]),
    st.integers(0, 80),
    st.sampled_from(["", ".", "0", "A", "\n", "１", "-", "é", ".."]),
)


@given(receipts)
def test_a_receipt_with_one_character_changed_opens_nothing(signer: FlaskClient, text: str) -> None:
    untouched = {make.receipt(), make.receipt("link", make.NOW + 900), make.receipt("signed_in")}
    ask = make.Ask([make.get_users(receipt=text)], jti=str(uuid.uuid4()), caller=make.BOB)
    response = signer.post("/v1/sign", data=ask.text().encode(), content_type="application/json")
    assert (response.status_code == 200) == (text in untouched)
