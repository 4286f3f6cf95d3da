"""Which tokens metadata believes, and which it does not, whoever else may have."""

import hashlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from metadata_service import callers
from metadata_service.callers import Callers, TokenRules
from metadata_service.errors import Unauthorized, Unavailable
from metadata_service.owners import owner_of
from metadata_service.token_keys import TokenKeys
from tests.builders import (
    CLIENT_ID,
    ISSUER,
    KID,
    SUB,
    a_jwk,
    a_raw_token,
    a_token,
    access_claims,
    base64url,
    issuer_key,
    write_jwks,
)

COGNITO = TokenRules(ISSUER, frozenset({CLIENT_ID}), frozenset(), None)
OTHERS = TokenRules(ISSUER, frozenset(), frozenset({"https://api.example"}), ("kind", "access"))
HEADER = json.dumps({"alg": "RS256", "kid": KID}).encode()


class Clock:
    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def jwks(tmp_path: Path) -> Path:
    return write_jwks(tmp_path / "jwks.json")


@pytest.fixture
def verifier(jwks: Path) -> Callers:
    return Callers(COGNITO, TokenKeys(str(jwks)))


@pytest.mark.parametrize("kind", ["RSA", "EC", "OKP"])
def test_an_access_token_names_its_person_by_the_algorithm_of_the_key(tmp_path: Path, kind: str) -> None:
    key = issuer_key(kind)
    verifier = Callers(COGNITO, TokenKeys(str(write_jwks(tmp_path / "jwks.json", a_jwk(key)))))
    token = a_token(key=key)
    caller = verifier.verify(token)
    assert (caller.sub, caller.owner, caller.token) == (SUB, SUB, token)


REFUSED: dict[str, Callable[[], str]] = {
    "an ID token": lambda: a_token(token_use="id"),
    "an ID token with the page as audience": lambda: a_token(token_use="id", client_id=None, aud=CLIENT_ID),
    "another client's": lambda: a_token(client_id="another"),
    "no client": lambda: a_token(client_id=None),
    "a list of clients": lambda: a_token(client_id=[CLIENT_ID]),
    "another pool's": lambda: a_token(iss=ISSUER + "2"),
    "no issuer": lambda: a_token(iss=None),
    "expired": lambda: a_token(expires_in=0),
    "no expiry": lambda: a_token(exp=None),
    "an expiry in text": lambda: a_raw_token(HEADER, json.dumps(access_claims() | {"exp": "99999999999"}).encode()),
    "an expiry of true": lambda: a_raw_token(HEADER, json.dumps(access_claims() | {"exp": True}).encode()),
    "an expiry with a fraction": lambda: a_raw_token(HEADER, json.dumps(access_claims() | {"exp": 1e12}).encode()),
    "not yet": lambda: a_token(nbf=99999999999),
    "no sub": lambda: a_token(sub=""),
    "a sub of a number": lambda: a_raw_token(HEADER, json.dumps(access_claims() | {"sub": 7}).encode()),
    "a sub too long": lambda: a_token(sub="a" * 257),
    "a sub of a lone surrogate": lambda: a_raw_token(HEADER, json.dumps(access_claims("\ud800")).encode()),
    "a claim twice": lambda: a_raw_token(HEADER, json.dumps(access_claims()).replace("{", '{"sub":"x",', 1).encode()),
    "a header twice": lambda: a_raw_token(
        HEADER.replace(b"{", b'{"kid":"x",', 1), json.dumps(access_claims()).encode()
    ),
    "claims that are a list": lambda: a_raw_token(HEADER, b"[]"),
    "another key": lambda: a_token(key=issuer_key("RSA", 2)),
    "an unknown kid": lambda: a_token(kid="issuer-9"),
    "no kid": lambda: a_token(kid=None),
    "a kid of a list": lambda: a_raw_token(b'{"alg":"RS256","kid":["issuer-1"]}', json.dumps(access_claims()).encode()),
    "jku": lambda: a_token(headers={"jku": "https://evil.example/jwks.json"}),
    "x5u": lambda: a_token(headers={"x5u": "https://evil.example/cert.pem"}),
    "jwk": lambda: a_token(headers={"jwk": a_jwk(issuer_key("RSA", 2))}),
    "crit": lambda: a_token(headers={"crit": ["b64"], "b64": True}),
    "alg none": lambda: _unsigned(a_token(), {"alg": "none", "kid": KID}),
    "alg HS256 with the public key": lambda: _hmac_signed(a_token()),
    "alg PS256": lambda: _with_header(a_token(), {"alg": "PS256", "kid": KID}),
    "padding": lambda: a_token() + "=",
    "padding in the middle": lambda: a_token().replace(".", "=.", 1),
    "another spelling of its last character": lambda: _respelled(a_token()),
    "a line break": lambda: a_token() + "\n",
    "two parts": lambda: a_token().rpartition(".")[0],
    "four parts": lambda: a_token() + ".",
    "nothing": lambda: "",
    "not ASCII": lambda: a_token() + "é",
    "too long": lambda: a_token(more="a" * 9000),
}


def _with_header(token: str, header: dict[str, Any]) -> str:
    return ".".join([base64url(json.dumps(header).encode()), *token.split(".")[1:]])


def _unsigned(token: str, header: dict[str, Any]) -> str:
    return _with_header(token, header).rpartition(".")[0] + "."


def _hmac_signed(token: str) -> str:
    import hashlib
    import hmac

    public = json.dumps(a_jwk()).encode()
    signed = _with_header(token, {"alg": "HS256", "kid": KID}).rpartition(".")[0]
    return signed + "." + base64url(hmac.digest(public, signed.encode(), hashlib.sha256))


def _respelled(token: str) -> str:
    # 2048 bits leave four unused ones in the last character: sixteen spellings decode to one signature.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED.keys())
def test_s08_a_token_with_one_thing_wrong_is_refused(verifier: Callers, make: Callable[[], str]) -> None:
    verifier.verify(a_token())
    with pytest.raises(Unauthorized) as refused:
        verifier.verify(make())
    assert refused.value.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_s08_a_public_key_in_the_jwks_is_used_with_no_other_algorithm(tmp_path: Path) -> None:
    path = write_jwks(tmp_path / "jwks.json", a_jwk(issuer_key("EC")))
    with pytest.raises(Unauthorized):
        Callers(COGNITO, TokenKeys(str(path))).verify(a_token())


@pytest.mark.parametrize(
    ("typ", "more"), [("at+jwt", {}), ("application/at+jwt", {}), ("AT+JWT", {}), ("JWT", {"kind": "access"})]
)
def test_another_issuers_access_token_says_so_by_type_or_by_claim(jwks: Path, typ: str, more: dict[str, Any]) -> None:
    token = a_token(token_use=None, client_id=None, aud=["x", "https://api.example"], headers={"typ": typ}, **more)
    assert Callers(OTHERS, TokenKeys(str(jwks))).verify(token).sub == SUB


@pytest.mark.parametrize(
    ("typ", "more"),
    [
        ("JWT", {"aud": "https://api.example"}),
        ("JWT", {"aud": "https://api.example", "kind": "id"}),
        ("at+jwt", {"aud": "another"}),
        ("at+jwt", {"aud": None}),
        ("at+jwt", {"aud": [["https://api.example"]]}),
        ("at+jwt", {"aud": "https://api.example", "token_use": "id"}),
    ],
)
def test_s08_another_issuers_other_tokens_are_refused(jwks: Path, typ: str, more: dict[str, Any]) -> None:
    token = a_token(**({"token_use": None, "client_id": None} | more), headers={"typ": typ})
    with pytest.raises(Unauthorized):
        Callers(OTHERS, TokenKeys(str(jwks))).verify(token)


def test_a_remembered_token_ends_when_it_says(jwks: Path) -> None:
    claims = access_claims()
    clock = Clock(claims["exp"] - 1)
    verifier = Callers(COGNITO, TokenKeys(str(jwks)), clock)
    token = a_token(exp=claims["exp"])
    assert verifier.verify(token) == verifier.verify(token)
    clock.now = claims["exp"]
    with pytest.raises(Unauthorized):
        verifier.verify(token)


def test_only_so_many_tokens_are_remembered(verifier: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "REMEMBERED", 3)
    tokens = [a_token(sub=f"person-{number}") for number in range(5)]
    for token in tokens:
        verifier.verify(token)
    assert list(verifier._remembered) == [hashlib.sha256(token.encode()).digest() for token in tokens[2:]]


def test_s01_what_is_remembered_of_a_token_is_not_the_token(verifier: Callers) -> None:
    token = a_token()
    assert verifier.verify(token).token == token
    kept = repr(verifier._remembered)
    assert not [part for part in token.split(".") if part in kept]


def test_a_remembered_token_is_forgotten_with_its_key(tmp_path: Path) -> None:
    path = write_jwks(tmp_path / "jwks.json", a_jwk(), a_jwk(issuer_key("RSA", 2), kid="issuer-2"))
    clock = Clock()
    verifier = Callers(COGNITO, TokenKeys(str(path), clock))
    token = a_token()
    verifier.verify(token)
    write_jwks(path, a_jwk(issuer_key("RSA", 2), kid="issuer-2"))
    clock.now += 301
    with pytest.raises(Unauthorized):
        verifier.verify(token)


def test_r09_a_rotation_is_picked_up_without_a_restart(jwks: Path) -> None:
    clock = Clock()
    verifier = Callers(COGNITO, TokenKeys(str(jwks), clock))
    verifier.verify(a_token())
    new = issuer_key("RSA", 2)
    write_jwks(jwks, a_jwk(), a_jwk(new, kid="issuer-2"))
    clock.now += 60
    assert verifier.verify(a_token(key=new, kid="issuer-2")).sub == SUB
    assert verifier.verify(a_token()).sub == SUB


class Issuer:
    """A JWKS behind HTTP that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: tuple[int, bytes] = (200, json.dumps({"keys": [a_jwk()]}).encode())
        issuer = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                status, body = issuer.answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.url = f"http://127.0.0.1:{self.server.server_port}/pool/.well-known/jwks.json"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def issuer() -> Any:
    made = Issuer()
    yield made
    made.stop()


def test_r09_an_unknown_kid_is_looked_up_at_most_once_a_minute(issuer: Issuer) -> None:
    clock = Clock()
    keys = TokenKeys(issuer.url, clock)
    assert keys.find(KID) is not None
    for number in range(20):
        assert keys.find(f"made-up-{number}") is None
    assert issuer.asked == 1
    clock.now += 60
    for number in range(20):
        assert keys.find(f"made-up-{number}") is None
    assert issuer.asked == 2


@pytest.mark.parametrize(
    "answer", [(500, b""), (200, b"<html>"), (200, b'{"keys": []}'), (200, b"[]"), (302, b""), (200, b'{"keys": [[]]}')]
)
def test_r09_known_keys_keep_working_whatever_the_jwks_answers(issuer: Issuer, answer: tuple[int, bytes]) -> None:
    clock = Clock()
    keys = TokenKeys(issuer.url, clock)
    known = keys.find(KID)
    issuer.answer = answer
    for _ in range(3):
        clock.now += 400
        assert keys.find(KID) is known
    assert issuer.asked == 4


def test_r09_known_keys_keep_working_when_the_jwks_is_gone(issuer: Issuer) -> None:
    clock = Clock()
    verifier = Callers(COGNITO, TokenKeys(issuer.url, clock))
    verifier.verify(a_token())
    issuer.stop()
    clock.now += 100_000
    assert verifier.verify(a_token(sub="somebody")).sub == "somebody"


def test_without_any_key_it_is_unavailable_and_not_refused(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    clock = Clock()
    verifier = Callers(COGNITO, TokenKeys(str(path), clock))
    with pytest.raises(Unavailable):
        verifier.verify(a_token())
    write_jwks(path)
    clock.now += 2
    assert verifier.verify(a_token()).sub == SUB


def test_a_key_of_another_use_or_kind_is_no_key(tmp_path: Path) -> None:
    path = write_jwks(
        tmp_path / "jwks.json", a_jwk(use="enc"), {"kty": "oct", "k": "AAAA", "kid": "symmetric"}, a_jwk(kid="good")
    )
    keys = TokenKeys(str(path))
    assert keys.find("good") is not None
    assert keys.find("symmetric") is None
    assert keys.find(KID) is None


@pytest.mark.parametrize("sub", [SUB, "alice", "a" * 128, "A_b-9"])
def test_a_plain_sub_is_its_own_owner_form(sub: str) -> None:
    assert owner_of(sub) == sub


@pytest.mark.parametrize("sub", ["h-abc", "s-demo", "a" * 129, "-a", "auth0|7", "a/b", "..", "é", "a b", "a\n", ""])
def test_any_other_sub_becomes_a_digest(sub: str) -> None:
    owner = owner_of(sub)
    assert owner.startswith("h-")
    assert len(owner) == 42
    assert owner_of(owner) != owner
