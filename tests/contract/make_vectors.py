"""Writes `grant_v1.json`, the vectors of grant v1: `python -m tests.contract.make_vectors`.

A second opinion on the contract (docs/contracts/grant-v1.md), so nothing of either service is imported here, and
signatures come from the textbook in `sigv4.py`. Every key, clock and identifier is fixed: a second run writes the
same bytes. The private keys stay here; the file holds what a signer may hold.
"""

import base64
import hashlib
import hmac
import itertools
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.contract.sigv4 import Bucket, Identity, post_form, presigned_url, uri_encode

VECTORS = Path(__file__).with_name("grant_v1.json")
IAT = 1790000000
NOW = IAT + 10
MEMORY_BEGAN = NOW - 10_000
DAY = 86_400
DROP: Any = object()
"""As a change's value: leave the field out."""

Json = dict[str, Any]

# --- People, services and objects -------------------------------------------------------------------------------

ALICE = "8c0f2f4e-1f0a-4b7e-9a35-3c4f2a6b7d10"
BOB = "auth0|bob"
ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_EXAMPLE01"
CLIENT = "3n4b5urk1ft4fl3mg5e62d9ado"
PHOTO = "3d0c7b1e-52c4-4c1c-9f6a-7f2f6f3c9a01"
OTHER_PHOTO = "b7e23ec2-9af5-4b0d-8a6b-0d4f6c1e2f02"
RESUME = "5f9d1c3a-0b7e-4d52-a1c8-9e6f4b2d7c03"
DIGEST = base64.b64encode(hashlib.sha256(b"a picture").digest()).decode()
IMMUTABLE = "private, max-age=31536000, immutable"


def owner_form(sub: str, service: bool = False) -> str:
    """The owner in an object key, of a token's `sub`: design.md, "Object keys"."""
    plain = sub.isascii() and 1 <= len(sub) <= 128 and sub[0].isalnum() and all(c.isalnum() or c in "_-" for c in sub)
    if service:
        return f"s-{sub}"
    if plain and not sub.startswith(("h-", "s-")):
        return sub
    return "h-" + hashlib.sha256(sub.encode()).hexdigest()[:40]


# --- Keys -------------------------------------------------------------------------------------------------------


def seed(label: str) -> bytes:
    """32 bytes that belong to `label`: the vectors' only source of keys."""
    return hashlib.sha256(f"countersign vectors: {label}".encode()).digest()


def b64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def number(value: int) -> str:
    return b64url(value.to_bytes((value.bit_length() + 7) // 8))


def stream(label: str, bits: int) -> Iterator[int]:
    """Odd numbers of exactly `bits` bits, the two highest set, from SHA-256 in counter mode."""
    for counter in itertools.count():
        blocks = (seed(f"{label} {counter} {block}") for block in range(bits // 256))
        yield int.from_bytes(b"".join(blocks)) | (3 << bits - 2) | 1


def is_prime(candidate: int) -> bool:
    """Miller-Rabin with fixed bases; good enough for a key that guards nothing."""
    if any(candidate % small == 0 for small in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)):
        return False
    twos = (candidate - 1 & -(candidate - 1)).bit_length() - 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19):
        power = pow(base, candidate - 1 >> twos, candidate)
        squares = [pow(power, 1 << step, candidate) for step in range(twos)]
        if power != 1 and candidate - 1 not in squares:
            return False
    return True


@cache
def rsa_key(label: str) -> rsa.RSAPrivateKey:
    p = next(n for n in stream(label + " p", 1024) if n % 65537 != 1 and is_prime(n))
    q = next(n for n in stream(label + " q", 1024) if n % 65537 != 1 and is_prime(n))
    d = pow(65537, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(65537, p * q)
    hints = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, *hints, public).private_key()


@cache
def ec_key(label: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(seed(label)) >> 1, ec.SECP256R1())


@cache
def ed_key(label: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed(label))


def ed_public(label: str) -> str:
    return b64url(ed_key(label).public_key().public_bytes_raw())


def jwk(label: str, **members: Any) -> Json:
    return {"kty": "OKP", "crv": "Ed25519", "x": ed_public(label), "kid": label, **members}


def rsa_jwk(label: str) -> Json:
    numbers = rsa_key(label).public_key().public_numbers()
    return {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": label, "n": number(numbers.n), "e": number(numbers.e)}


def ec_jwk(label: str) -> Json:
    point = ec_key(label).public_key().public_numbers()
    x, y = (b64url(value.to_bytes(32)) for value in (point.x, point.y))
    return {"kty": "EC", "alg": "ES256", "use": "sig", "kid": label, "crv": "P-256", "x": x, "y": y}


def rs256(label: str, text: bytes) -> bytes:
    return rsa_key(label).sign(text, padding.PKCS1v15(), hashes.SHA256())


def es256(label: str, text: bytes) -> bytes:
    signed = ec_key(label).sign(text, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    return b"".join(part.to_bytes(32) for part in decode_dss_signature(signed))


def eddsa(label: str, text: bytes) -> bytes:
    return ed_key(label).sign(text)


def hs256_with_public_key(label: str, text: bytes) -> bytes:
    """The classic: the issuer's public key, as everybody has it, used as an HMAC secret."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = rsa_key(label).public_key().public_bytes(serialization.Encoding.PEM, form)
    return hmac.digest(pem, text, "sha256")


def hs256_with_grant_key(label: str, text: bytes) -> bytes:
    return hmac.digest(ed_key(label).public_key().public_bytes_raw(), text, "sha256")


def unsigned(label: str, text: bytes) -> bytes:
    return b""


Signing = Callable[[str, bytes], bytes]
SIGNINGS: dict[str, Signing] = {"RS256": rs256, "ES256": es256, "EdDSA": eddsa, "none": unsigned}

# --- JSON and JWTs, good and bad --------------------------------------------------------------------------------


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def changed(original: Mapping[str, Any], changes: Mapping[str, Any]) -> Json:
    """`original` with `changes`; what is DROP there is left out."""
    return {name: value for name, value in {**original, **changes}.items() if value is not DROP}


def jwt(header: str, claims: str, label: str, signing: Signing) -> str:
    """A JWT of two JSON texts, exactly as they are written."""
    text = f"{b64url(header.encode())}.{b64url(claims.encode())}"
    return f"{text}.{b64url(signing(label, text.encode()))}"


def token(
    sub: Any = ALICE, *, label: str = "issuer-rsa", alg: str = "RS256", header: Json | None = None, **claims: Any
) -> str:
    """An access token as Cognito makes it; `claims` and `header` change it."""
    good = {"sub": sub, "client_id": CLIENT, "token_use": "access", "iss": ISSUER, "iat": IAT - 600, "exp": NOW + 3000}
    heading = changed({"kid": label, "alg": alg}, header or {})
    return jwt(compact(heading), compact(changed(good, claims)), label, SIGNINGS.get(heading["alg"], SIGNINGS[alg]))


def service_token(name: str = "demo", *, label: str | None = None, **claims: Any) -> str:
    """A service's token, good for 60 s; `claims` change it."""
    good = {
        "iss": name,
        "sub": name,
        "aud": "countersign-metadata",
        "scope": "media:read media:write",
        "iat": IAT,
        "exp": IAT + 60,
        "jti": str(uuid.UUID(bytes=seed(name)[:16], version=4)),
    }
    heading = compact({"alg": "EdDSA", "typ": "JWT"})
    return jwt(heading, compact(changed(good, claims)), label or f"service-{name}", eddsa)


# --- Receipts ---------------------------------------------------------------------------------------------------


def receipt(visibility: str = "public", until: int = 0, *, kid: str = "r1", issued: int = IAT - DAY, **of: Any) -> str:
    """A publication receipt of Alice's photo, or `of` what else is named: grant-v1.md, "Answer"."""
    named = {"owner": ALICE, "category": "photos", "id": PHOTO, "ext": "jpg", **of}
    terms = [kid, visibility, str(issued), str(until)]
    lines = ["countersign-receipt-v1", *terms, *(named[part] for part in ("owner", "category", "id", "ext"))]
    mac = hmac.digest(seed(f"receipt {kid}"), "\n".join(lines).encode(), "sha256")
    return ".".join(["v1", *terms, b64url(mac)])


# --- Signers ----------------------------------------------------------------------------------------------------


def _identity(name: str, session: bool) -> Json:
    letters = name.upper()
    user = {"access_key_id": f"AKIAVECTOR{letters:X<10}", "secret_access_key": f"{name}/secret+vector/EXAMPLEKEY"}
    if not session:
        return user
    ends = {"session_token": f"FwoGZXIvYXdz/{name}+session//vector==", "expires_at": NOW + 7200}
    return {**user, "access_key_id": f"ASIAVECTOR{letters:X<10}", **ends}


def _identities(session: bool) -> Json:
    return {name: _identity(name, session) for name in ("uploader", "reader", "remover")}


LOCAL: Json = {
    "name": "a",
    "region": "eu-central-1",
    "bucket": "countersign-local",
    "endpoint": "http://127.0.0.1:4566",
    "identities": _identities(session=False),
    "grant_keys": {
        "keys": [
            jwk("metadata-2026-11", issuer="metadata"),
            jwk("metadata-2026-10", issuer="metadata"),
            jwk("sweeper-2026-11", issuer="sweeper"),
            jwk("importer-2026-11", issuer="importer", expires_at=NOW + 3600),
            jwk("importer-ended", issuer="importer", expires_at=NOW - 1),
        ]
    },
    "receipt_keys": {"keys": [{"kid": kid, "secret": b64url(seed(f"receipt {kid}"))} for kid in ("r1", "r0")]},
    "token_issuer": ISSUER,
    "token_client_ids": [CLIENT, "another-client"],
    "token_audiences": [],
    "token_access_claim": "",
    "token_keys": {"keys": [rsa_jwk("issuer-rsa"), ec_jwk("issuer-ec"), jwk("issuer-ed", alg="EdDSA", use="sig")]},
    "services": {
        "demo": {"public_key": ed_public("service-demo"), "scopes": ["media:read", "media:write"]},
        "scribe": {"public_key": ed_public("service-scribe"), "scopes": ["media:write"]},
    },
    "deletes_per_minute": 600,
    "memory_began": MEMORY_BEGAN,
}
AWS: Json = {**LOCAL, "name": "aws-1", "bucket": "countersign-media", "endpoint": "", "identities": _identities(True)}
OPEN_ID: Json = {
    **LOCAL,
    "name": "oidc",
    "token_issuer": "https://login.example.org/",
    "token_client_ids": [],
    "token_audiences": ["https://api.example.org"],
    "token_access_claim": "use=access",
}
SIGNERS = {"local": LOCAL, "aws": AWS, "oidc": OPEN_ID}


def bucket_of(signer: Json) -> Bucket:
    name, region = signer["bucket"], signer["region"]
    if signer["endpoint"]:
        return Bucket(name, region, signer["endpoint"], folder=f"/{name}")
    return Bucket(name, region, f"https://{name}.s3.{region}.amazonaws.com")


def identity_of(signer: Json, op: str) -> Identity:
    role = {"get": "reader", "delete": "remover"}.get(op, "uploader")
    return Identity(**{name: text for name, text in signer["identities"][role].items() if name != "expires_at"})


# --- Items ------------------------------------------------------------------------------------------------------


def item(op: str, area: str, /, **changes: Any) -> Json:
    """An item about Alice's photo; `changes` add to it, replace, or DROP."""
    good = {"op": op, "area": area, "owner": ALICE, "category": "photos", "id": PHOTO, "ext": "jpg"}
    return changed(good, changes)


def put_incoming(**changes: Any) -> Json:
    return item("put", "incoming", **{"expires_at": IAT + 300, "content_type": "image/jpeg", **changes})


def put_users(**changes: Any) -> Json:
    bound = {
        "expires_at": IAT + 60,
        "content_type": "image/jpeg",
        "content_length": 51_200,
        "checksum_sha256": DIGEST,
        "if_none_match": "*",
        "cache_control": IMMUTABLE,
    }
    return item("put", "users", **{**bound, **changes})


def post_incoming(**changes: Any) -> Json:
    bound = {"expires_at": IAT + 300, "content_type": "image/png", "ext": "png", "length_range": [1, 5_242_880]}
    return item("post", "incoming", **{**bound, **changes})


def get_incoming(**changes: Any) -> Json:
    return item("get", "incoming", **{"expires_at": IAT + 60, **changes})


def get_users(**changes: Any) -> Json:
    return item("get", "users", **{"expires_at": IAT + 300, **changes})


def get_resume(**changes: Any) -> Json:
    pdf = {"category": "resume", "id": RESUME, "ext": "pdf", "download_as": "resume.pdf"}
    return get_users(**{**pdf, **changes})


def delete(area: str = "users", **changes: Any) -> Json:
    return item("delete", area, **{"expires_at": IAT + 60, **changes})


UPLOAD_ID = "VXBsb2FkSUQ_2~a.b-c+d/e=="
"""A multipart upload's id, with all that S3's may have; some of it must be escaped in a query."""


def multipart(op: str, area: str = "incoming", **changes: Any) -> Json:
    """A multipart operation with what it needs and no more: `create`, `part`, `list`, `complete` or `abort`."""
    needed: Json = {"expires_at": IAT + 60} | ({} if op == "create" else {"upload_id": UPLOAD_ID})
    return item(f"multipart_{op}", area, **{**needed, **({"part_number": 1} if op == "part" else {}), **changes})


def publish(visibility: str = "public", until: Any = 0, **changes: Any) -> Json:
    return item("publish", "users", **{"visibility": visibility, "until": until, **changes})


def reissue(text: str, **changes: Any) -> Json:
    return item("reissue", "users", receipt=text, **changes)


# --- Requests ---------------------------------------------------------------------------------------------------

_serials = itertools.count(1)


def next_jti() -> str:
    return f"00000000-0000-4000-8000-{next(_serials):012x}"


DEFAULT_KEYS = {"metadata": "metadata-2026-11", "sweeper": "sweeper-2026-11", "importer": "importer-2026-11"}


@dataclass(frozen=True)
class Ask:
    """One request: a good one of Alice's by metadata, but for what a case sets."""

    items: Any
    issuer: str = "metadata"
    signer: str = "local"
    caller: Any = ALICE
    service: Any = DROP
    token: Any = None
    iat: int = IAT
    clock: int = NOW
    label: str | None = None
    signing: Signing = eddsa
    jti: Any = field(default_factory=next_jti)
    header: Json = field(default_factory=dict)
    claims: Json = field(default_factory=dict)
    body: Json = field(default_factory=dict)
    rewrite: Callable[[str], str] = str
    """Changes the claims' JSON text, for what json.dumps would not write."""
    rewrite_header: Callable[[str], str] = str
    mangle: Callable[[str], str] = str
    """Changes the finished grant's text."""

    @property
    def is_signed(self) -> bool:
        """Whether the grant reaches the signer in one piece, under a key that is in force there."""
        untouched = self.signing is eddsa and not self.header and self.rewrite_header is str and self.mangle is str
        in_force = {jwk["kid"] for jwk in LOCAL["grant_keys"]["keys"] if jwk.get("expires_at", NOW + 1) > NOW}
        return untouched and self.kid in in_force

    @property
    def kid(self) -> str:
        return self.label or DEFAULT_KEYS[self.issuer]

    def grant(self) -> str:
        audience = f"countersign-signer/{SIGNERS[self.signer]['name']}"
        stamp = {"iss": self.issuer, "aud": audience, "iat": self.iat, "exp": self.iat + 30, "jti": self.jti}
        who = {"caller": self.caller if self.service is DROP else DROP, "service": self.service, "items": self.items}
        claims = self.rewrite(compact(changed({**stamp, **who}, self.claims)))
        heading = changed({"alg": "EdDSA", "typ": "grant+jwt", "kid": self.kid}, self.header)
        return self.mangle(jwt(self.rewrite_header(compact(heading)), claims, self.kid, self.signing))

    def caller_token(self) -> Any:
        if self.token is not None:
            return self.token
        if self.service is not DROP:
            return service_token(self.service)
        return DROP if self.caller is DROP else token(self.caller)

    def text(self) -> str:
        return compact(changed({"grant": self.grant(), "caller_token": self.caller_token()}, self.body))


def alone(*items: Json, **settings: Any) -> Ask:
    """A request with no caller: sweeper's, importer's, or one that receipts alone prove."""
    return Ask(list(items), caller=DROP, **settings)


def asks(*items: Json, **settings: Any) -> Ask:
    return Ask(list(items), **settings)


# --- What must come back ----------------------------------------------------------------------------------------


def object_key(it: Json, size: str | None = None) -> str:
    area = "incoming/users" if it["area"] == "incoming" else "users"
    tail = f"-{size}" if size and size != "800" else ""
    return f"{area}/{it['owner']}/{it['category']}/{it['id']}{tail}.{it['ext']}"


TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif", "pdf": "application/pdf"}
BOUND = {
    "content_type": "Content-Type",
    "content_length": "Content-Length",
    "checksum_sha256": "x-amz-checksum-sha256",
    "if_none_match": "If-None-Match",
    "cache_control": "Cache-Control",
}


def bound_headers(it: Json) -> dict[str, str]:
    return {name: str(it[own]) for own, name in BOUND.items() if own in it}


METHODS = {"create": "POST", "part": "PUT", "list": "GET", "complete": "POST", "abort": "DELETE"}
"""S3's own methods of a multipart upload's operations; any other operation's is its name."""


def method_of(it: Json) -> str:
    op: str = it["op"]
    return METHODS[op.removeprefix("multipart_")] if op.startswith("multipart_") else op.upper()


def _query(ask: Ask, it: Json) -> dict[str, str]:
    query = {} if "window" in it else {"x-countersign-grant": ask.jti}
    query |= {"uploads": ""} if it["op"] == "multipart_create" else {}
    query |= {"uploadId": it["upload_id"]} if "upload_id" in it else {}
    query |= {"partNumber": str(it["part_number"])} if "part_number" in it else {}
    if "download_as" in it:
        named = uri_encode(it["download_as"])
        query["response-content-disposition"] = f"attachment; filename*=UTF-8''{named}"
        query["response-content-type"] = TYPES[it["ext"]]
    return query


def _url(ask: Ask, it: Json, size: str | None) -> str:
    signer = SIGNERS[ask.signer]
    signed_at = ask.iat - ask.iat % it["window"] if "window" in it else ask.iat
    return presigned_url(
        bucket_of(signer),
        identity_of(signer, it["op"]),
        method_of(it),
        object_key(it, size),
        signed_at=signed_at,
        expires=it["expires_at"] - signed_at,
        headers=bound_headers(it),
        query=_query(ask, it),
    )


def _form(ask: Ask, it: Json) -> Json:
    signer = SIGNERS[ask.signer]
    low, high = it["length_range"]
    fields = post_form(
        bucket_of(signer),
        identity_of(signer, "post"),
        object_key(it),
        signed_at=ask.iat,
        expires_at=it["expires_at"],
        length_range=(low, high),
        content_type=it.get("content_type"),
    )
    place = bucket_of(signer)
    url = place.origin + (place.folder or "/")
    return {"method": "POST", "url": url, "fields": fields, "expires_at": it["expires_at"]}


def _receipt_for(ask: Ask, it: Json) -> Json:
    named = {part: it[part] for part in ("owner", "category", "id", "ext")}
    if it["op"] == "publish":
        return {"receipt": receipt(it["visibility"], it["until"], issued=ask.clock, **named)}
    _, _, visibility, issued, until, _ = it["receipt"].split(".")
    return {"receipt": receipt(visibility, int(until), issued=int(issued), **named)}


def answer_to(ask: Ask, it: Json) -> Json:
    """An item's whole answer, by its operation."""
    if it["op"] in ("publish", "reissue"):
        return _receipt_for(ask, it)
    if it["op"] == "post":
        return _form(ask, it)
    if "sizes" in it:
        return {"urls": {size: _url(ask, it, size) for size in it["sizes"]}, "expires_at": it["expires_at"]}
    url = {"url": _url(ask, it, it.get("size")), "expires_at": it["expires_at"]}
    if it["op"] == "get":
        return url
    headers = {name: text for name, text in bound_headers(it).items() if name != "Content-Length"}
    return {"method": method_of(it), "headers": headers, **url}


def granted(ask: Ask) -> Json:
    expect = {"status": 200, "audited": True, "items": _answers(ask)}
    return {"clock": ask.clock, "body": ask.text(), "expect": expect}


def _answers(ask: Ask) -> list[Json]:
    return [answer_to(ask, _within_session(ask, it)) for it in ask.items]


def _within_session(ask: Ask, it: Json) -> Json:
    """The item, ending no later than the session that signs it."""
    identities = SIGNERS[ask.signer]["identities"].values()
    ends = [identity["expires_at"] for identity in identities if "expires_at" in identity]
    return {**it, "expires_at": min([it["expires_at"], *ends])} if "expires_at" in it else it


STATUS = {
    "invalid_json": 400,
    "invalid_request": 400,
    "invalid_item": 400,
    "invalid_grant": 401,
    "invalid_caller_token": 401,
    "operation_not_permitted": 403,
    "caller_mismatch": 403,
    "not_published": 403,
    "operation_frozen": 403,
    "grant_already_used": 409,
    "payload_too_large": 413,
    "credentials_unavailable": 503,
}
ANY_ITEM = -1
"""The refusal may or may not name an item: the fault is the caller's token's."""


def refusal(error: str, item: int | None = None, *, audited: bool) -> Json:
    expect: Json = {"status": STATUS[error], "error": error, "audited": audited}
    if item != ANY_ITEM:
        expect["item"] = item
    return expect


def refused(ask: Ask, error: str, item: int | None = None) -> Json:
    expect = refusal(error, item, audited=ask.is_signed)
    return {"clock": ask.clock, "body": ask.text(), "expect": expect}


def raw(body: str | bytes, error: str) -> Json:
    """A body that is no request at all."""
    expect = refusal(error, audited=False)
    if isinstance(body, bytes):
        return {"clock": NOW, "body_base64": base64.b64encode(body).decode(), "expect": expect}
    return {"clock": NOW, "body": body, "expect": expect}


# --- The cases --------------------------------------------------------------------------------------------------

CASES: list[Json] = []


def case(name: str, why: str, *requests: Json, signer: str = "local", **settings: Any) -> None:
    """One case: its requests run in order against one signer, started afresh; `settings` replace the signer's."""
    CASES.append({"name": name, "why": why, "signer": signer, "settings": settings, "requests": list(requests)})


def accepts(name: str, why: str, ask: Ask, **settings: Any) -> None:
    case(name, why, granted(ask), signer=ask.signer, **settings)


def refuses(name: str, why: str, ask: Ask, error: str, item: int | None = 0, **settings: Any) -> None:
    case(name, why, refused(ask, error, item), signer=ask.signer, **settings)


def refuses_grant(name: str, why: str, ask: Ask) -> None:
    refuses(name, why, ask, "invalid_grant", None)


def refuses_token(name: str, why: str, text: Any, **settings: Any) -> None:
    ask = asks(put_incoming(), token=text, **settings)
    refuses(name, why, ask, "invalid_caller_token", ANY_ITEM)


def refuses_field(name: str, why: str, it: Json, **settings: Any) -> None:
    refuses(name, why, asks(it, **settings), "invalid_item")


def policy_cases() -> None:
    """Every row of the table, at its longest life and a second past it."""
    sweep: Json = {"issuer": "sweeper", "caller": DROP}
    rows: list[tuple[str, Callable[..., Json], int, Json]] = [
        ("put_incoming", put_incoming, 900, {}),
        ("post_incoming", post_incoming, 900, {}),
        ("get_incoming_by_its_owner", get_incoming, 60, {}),
        ("put_users_by_its_owner", put_users, 60, {}),
        ("get_users_by_its_owner", get_users, 3600, {}),
        ("get_users_by_public_receipt", lambda **c: get_users(receipt=receipt(), **c), 3600, {"caller": DROP}),
        ("get_users_by_a_reading_service", get_users, 900, {"service": "demo"}),
        ("delete_incoming_by_its_owner", lambda **c: delete("incoming", **c), 60, {}),
        ("delete_users_by_its_owner", delete, 60, {}),
        ("delete_incoming_by_sweeper", lambda **c: delete("incoming", **c), 60, sweep),
        ("delete_users_by_sweeper", delete, 60, sweep),
        ("put_users_by_importer", put_users, 60, {"issuer": "importer", "caller": DROP}),
    ]
    for row in rows:
        policy_row(*row)


def policy_row(name: str, make: Callable[..., Json], life: int, who: Json) -> None:
    accepts(f"{name}_for_{life}_s", f"The row's longest life, {life} s.", asks(make(expires_at=IAT + life), **who))
    beyond = asks(make(expires_at=IAT + life + 1), **who)
    refuses(f"{name}_for_{life + 1}_s", "A second past the row's life.", beyond, "operation_not_permitted")


def policy_gaps() -> None:
    """What no row allows, whoever signs the grant."""
    sweep: Json = {"issuer": "sweeper", "caller": DROP}
    importing: Json = {"issuer": "importer", "caller": DROP}
    gaps: list[tuple[str, Json, Json]] = [
        ("sweeper_may_not_put_incoming", put_incoming(expires_at=IAT + 60), sweep),
        ("sweeper_may_not_put_users", put_users(), sweep),
        ("sweeper_may_not_get", get_users(expires_at=IAT + 60), sweep),
        ("sweeper_may_not_get_what_is_published", get_users(expires_at=IAT + 60, receipt=receipt()), sweep),
        ("sweeper_may_not_publish", publish(), sweep),
        ("sweeper_may_not_reissue", reissue(receipt()), sweep),
        ("importer_may_not_put_incoming", put_incoming(expires_at=IAT + 60), importing),
        ("importer_may_not_get", get_users(expires_at=IAT + 60), importing),
        ("importer_may_not_delete", delete(), importing),
        ("importer_may_not_publish_photos", publish(), importing),
        ("importer_may_not_publish_resumes", publish(category="resume", ext="pdf"), importing),
        ("importer_may_not_reissue", reissue(receipt(category="profile"), category="profile"), importing),
        ("nobody_posts_below_users", post_incoming(area="users"), {}),
        ("nobody_publishes_what_is_incoming", publish(area="incoming"), {}),
        ("nobody_reissues_what_is_incoming", reissue(receipt(), area="incoming"), {"caller": DROP}),
    ]
    for name, it, who in gaps:
        refuses(name, "No row of the policy allows it.", asks(it, **who), "operation_not_permitted")


def time_cases() -> None:
    late = replace(asks(put_incoming(expires_at=NOW + 1)), clock=NOW)
    accepts("a_grant_used_late_prolongs_nothing", "X-Amz-Expires is counted from iat, not from its use.", late)
    now = "expires_at lies ahead of the signer's clock."
    refuses_field("expires_at_is_now", now, put_incoming(expires_at=NOW))
    refuses_field("expires_at_is_past", now, put_incoming(expires_at=NOW - 1))
    ahead = asks(put_incoming(expires_at=NOW + 2), iat=NOW + 5)
    refuses(
        "expires_at_before_iat", "It lies ahead of the clock, but X-Amz-Expires is negative.", ahead, "invalid_item"
    )
    accepts("iat_5_s_ahead", "Clocks differ by up to 5 s.", asks(put_incoming(), iat=NOW + 5))
    refuses_grant("iat_6_s_ahead", "More than the clocks' difference.", asks(put_incoming(), iat=NOW + 6))
    accepts("a_life_of_60_s", "The longest a grant may live.", asks(put_incoming(), claims={"exp": IAT + 60}))
    refuses_grant("a_life_of_61_s", "A second too long.", asks(put_incoming(), claims={"exp": IAT + 61}))
    accepts("the_last_second", "exp is a second ahead of the clock.", asks(put_incoming(), claims={"exp": NOW + 1}))
    refuses_grant("expired_now", "exp is the first second that is too late.", asks(put_incoming(), claims={"exp": NOW}))
    refuses_grant(
        "exp_before_iat", "It ends before it begins.", asks(put_incoming(), iat=NOW + 5, claims={"exp": NOW + 2})
    )
    began = MEMORY_BEGAN
    older = asks(put_incoming(expires_at=began + 300), iat=began + 5, clock=began + 8)
    refuses_grant("from_before_the_memory", "It may have been used before the memory began.", older)
    newer = asks(put_incoming(expires_at=began + 300), iat=began + 6, clock=began + 8)
    accepts("just_after_the_memory", "More than 5 s after the replay memory began.", newer)


def grant_cases() -> None:
    """The grant itself: its header, signature and registered claims."""
    good = put_incoming()
    accepts(
        "an_older_key_of_metadata", "Two keys an issuer may be active at once.", asks(good, label="metadata-2026-10")
    )
    headers: list[tuple[str, Json]] = [
        ("typ_is_JWT", {"typ": "JWT"}),
        ("typ_in_capitals", {"typ": "GRANT+JWT"}),
        ("typ_is_missing", {"typ": DROP}),
        ("kid_is_unknown", {"kid": "metadata-2020-01"}),
        ("kid_is_missing", {"kid": DROP}),
        ("kid_of_another_key", {"kid": "metadata-2026-10"}),
        ("crit_in_the_header", {"crit": ["exp"]}),
        ("jku_in_the_header", {"jku": "https://keys.example.org/jwks.json"}),
        ("jwk_in_the_header", {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": ed_public("metadata-2026-11")}}),
        ("b64_in_the_header", {"b64": True}),
        ("alg_says_RS256", {"alg": "RS256"}),
        ("alg_in_lower_case", {"alg": "eddsa"}),
    ]
    for name, header in headers:
        refuses_grant(name, "The header is alg, typ and kid, exactly.", asks(good, header=header))
    refuses_grant("alg_none", "Unsigned.", asks(good, header={"alg": "none"}, signing=unsigned))
    confused = asks(good, header={"alg": "HS256"}, signing=hs256_with_grant_key)
    refuses_grant("alg_HS256_with_the_public_key", "Signed with what everybody has.", confused)
    twice = asks(good, rewrite_header=lambda text: text[:-1] + ',"typ":"grant+jwt"}')
    refuses_grant("typ_twice_in_the_header", "Duplicate names, before any signature holds.", twice)
    _mangled_grants(good)
    _claims(good)


def _mangled_grants(good: Json) -> None:
    def tampered(text: str) -> str:
        header, claims, signed = text.split(".")
        return ".".join([header, claims.replace("I", "J", 1), signed])

    def other_signature(text: str) -> str:
        octets = bytearray(base64.urlsafe_b64decode(text.rsplit(".", 1)[1] + "=="))
        octets[40] ^= 1
        return f"{text.rsplit('.', 1)[0]}.{b64url(bytes(octets))}"

    mangles: list[tuple[str, str, Callable[[str], str]]] = [
        ("padded_base64", "Base64url has no padding in a JWT.", lambda text: text + "=="),
        ("padded_header", "In no part of it.", lambda text: text.replace(".", "=.", 1)),
        ("claims_tampered", "Claims that were not signed.", tampered),
        ("signature_flipped", "One bit of the signature.", other_signature),
        ("signature_empty", "The alg is right, and nothing is signed.", lambda text: text.rsplit(".", 1)[0] + "."),
        ("two_parts", "A JWT has three parts.", lambda text: text.rsplit(".", 1)[0]),
        ("four_parts", "A JWT has three parts.", lambda text: text + ".AAAA"),
        ("white_space", "Outside base64url's alphabet.", lambda text: text + "\n"),
        ("no_jwt", "Text.", lambda text: "grant"),
    ]
    for name, why, mangle in mangles:
        refuses_grant(f"grant_with_{name}", why, asks(good, mangle=mangle))


def _claims(good: Json) -> None:
    claims: list[tuple[str, str, Json]] = [
        ("iss_of_another_key", "A kid belongs to one issuer.", {"iss": "sweeper"}),
        ("iss_unknown", "There are three issuers.", {"iss": "gateway"}),
        ("iss_missing", "Required.", {"iss": DROP}),
        ("aud_of_another_replica", "A grant is for one replica.", {"aud": "countersign-signer/b"}),
        ("aud_of_a_longer_name", "The whole name.", {"aud": "countersign-signer/ab"}),
        ("aud_as_a_list", "A string.", {"aud": ["countersign-signer/a"]}),
        ("aud_missing", "Required.", {"aud": DROP}),
        ("exp_missing", "Required.", {"exp": DROP}),
        ("iat_missing", "Required.", {"iat": DROP}),
        ("iat_as_text", "Whole seconds.", {"iat": str(IAT)}),
        ("exp_as_text", "Whole seconds.", {"exp": str(IAT + 30)}),
        ("iat_as_true", "A boolean is no number.", {"iat": True}),
        ("jti_is_no_UUID", "A UUID v4.", {"jti": "not-a-uuid"}),
        ("jti_of_version_1", "A UUID v4.", {"jti": "00000000-0000-1000-8000-000000000001"}),
        ("jti_in_capitals", "Else one grant has two names.", {"jti": "ABCDEF00-0000-4000-8000-000000000001"}),
        ("jti_missing", "Required: single use rests on it.", {"jti": DROP}),
    ]
    for name, why, change in claims:
        refuses_grant(name, why, asks(good, claims=change))
    signed_by_sweeper = asks(good, label="sweeper-2026-11")
    refuses_grant("metadata_by_the_sweeper_key", "The sweeper's key cannot speak for metadata.", signed_by_sweeper)
    ended = asks(put_users(), issuer="importer", caller=DROP, label="importer-ended")
    refuses_grant("importer_key_has_ended", "A migration's key ends by itself.", ended)
    for ends, name in ((NOW + DAY, "in_a_day"), (NOW + DAY + 1, "in_more_than_a_day")):
        lasting = {"keys": [jwk("importer-2026-11", issuer="importer", expires_at=ends)]}
        ask = alone(put_users(), issuer="importer")
        request = granted(ask) if ends == NOW + DAY else refused(ask, "invalid_grant")
        request["expect"]["audited"] = ends == NOW + DAY
        case(f"importer_key_ends_{name}", "It ends within a day.", request, grant_keys=lasting)


def shape_cases() -> None:
    """The body and the claims, as JSON and as shapes."""
    text = asks(put_incoming()).text
    bodies: list[tuple[str, str, str | bytes]] = [
        ("body_empty", "Not JSON.", ""),
        ("body_cut_off", "Not JSON.", text()[:-1]),
        ("body_with_a_tail", "One JSON value, nothing behind it.", text() + "{}"),
        ("body_with_a_BOM", "UTF-8 without a byte order mark.", b"\xef\xbb\xbf" + text().encode()),
        ("body_in_UTF_16", "UTF-8 only.", text().encode("utf-16-le")),
        ("body_not_UTF_8", "A lone byte 0xFF.", b'{"grant": "\xff"}'),
        ("grant_twice", "Duplicate names.", '{"grant":"x",' + text()[1:]),
        ("duplicates_deep_down", "Duplicate names at any level.", text()[:-1] + ',"x":[{"a":1,"a":2}]}'),
        ("NaN_in_the_body", "No JSON number.", text()[:-1] + ',"x":NaN}'),
        ("Infinity_in_the_body", "No JSON number.", text()[:-1] + ',"x":-Infinity}'),
        ("a_float_in_the_body", "Whole numbers only.", text()[:-1] + ',"x":1.0}'),
        ("a_lone_surrogate", "It has no UTF-8.", '{"grant":"\\ud800"}'),
        ("21_levels", "Depth is at most 20.", text()[:-1] + ',"x":' + "[" * 20 + "]" * 20 + "}"),
        ("30000_levels", "Refused before a parser would recurse.", "[" * 30_000),
    ]
    for name, why, body in bodies:
        case(name, why, raw(body, "invalid_json"))
    swept = alone(delete(), issuer="sweeper", body={"caller_token": None})
    shapes: list[tuple[str, str, str]] = [
        ("20_levels", "As JSON it is fine; the field is not known.", text()[:-1] + ',"x":' + "[" * 19 + "]" * 19 + "}"),
        ("body_is_a_list", "An object.", "[]"),
        ("body_is_null", "An object.", "null"),
        ("grant_missing", "Required.", compact({"caller_token": token()})),
        ("grant_is_a_number", "A string.", '{"grant":1}'),
        ("caller_token_is_null", "Absent, or a string.", swept.text()),
    ]
    shapes.append(("a_field_unknown", "Unknown fields are refused.", text()[:-1] + ',"dry_run":0}'))
    for name, why, body in shapes:
        case(name, why, raw(body, "invalid_request"))
    full = granted(asks(put_incoming())) | {"pad_to": 65_536}
    case("body_of_64_KiB", "As large as a body may be (padded with spaces).", full)
    over = raw(text(), "payload_too_large") | {"pad_to": 65_537}
    case("body_of_64_KiB_and_a_byte", "A byte too large (padded with spaces).", over)
    _claims_shapes()


def _claims_shapes() -> None:
    good = put_incoming()
    texts: list[tuple[str, Callable[[str], str]]] = [
        ("claims_with_duplicates", lambda text: text[:-1] + ',"iss":"metadata"}'),
        ("items_twice", lambda text: text[:-1] + ',"items":[]}'),
        ("an_item_with_duplicates", lambda text: text.replace('{"op":', '{"op":"get","op":')),
        ("iat_as_a_float", lambda text: text.replace(f'"iat":{IAT}', f'"iat":{IAT}.0')),
        ("expires_at_in_exponents", lambda text: text.replace(f'"expires_at":{IAT + 300}', '"expires_at":1.7900003e9')),
        ("expires_at_infinite", lambda text: text.replace(f'"expires_at":{IAT + 300}', '"expires_at":1e400')),
        ("expires_at_NaN", lambda text: text.replace(f'"expires_at":{IAT + 300}', '"expires_at":NaN')),
        ("a_surrogate_in_an_item", lambda text: text.replace('"category":"photos"', '"category":"\\udfff"')),
        ("claims_21_levels_deep", lambda text: text[:-1] + ',"x":' + "[" * 20 + "]" * 20 + "}"),
        ("claims_cut_off", lambda text: text[:-1]),
    ]
    for name, rewrite in texts:
        why = "Signed, and still not strict JSON."
        refuses(name, why, asks(good, rewrite=rewrite), "invalid_json", None)
    shapes: list[tuple[str, str, Ask]] = [
        ("a_claim_unknown", "Unknown fields are refused.", asks(good, claims={"nbf": IAT})),
        ("items_missing", "Required.", asks(good, claims={"items": DROP})),
        ("items_empty", "1 to 100.", asks()),
        ("items_as_an_object", "A list.", asks(good, claims={"items": {"0": good}})),
        ("101_items", "1 to 100.", Ask([publish()] * 101)),
        ("caller_as_a_number", "A string.", asks(good, claims={"caller": 7}, token=token())),
        ("caller_without_token", "They come together or not at all.", asks(good, body={"caller_token": DROP})),
        ("token_without_caller", "They come together or not at all.", alone(good, token=token())),
        ("service_without_token", "They come together.", asks(good, service="demo", body={"caller_token": DROP})),
        ("caller_and_service", "One or the other.", asks(good, claims={"service": "demo"})),
    ]
    for name, why, ask in shapes:
        refuses(name, why, ask, "invalid_request", None)
    refuses("an_item_as_text", "An object.", Ask([put_incoming(), "put"]), "invalid_item", 1)


def key_cases() -> None:
    """The object key's parts, each by its grammar."""
    owners = {"slash": "a/b", "dots": "..", "empty": "", "space": "a b", "umlaut": "jürgen", "line_end": "alice\n"}
    owners |= {"dash_first": "-alice", "129": "a" * 129, "NUL": "a\0", "percent": "a%2Fb"}
    for name, text in owners.items():
        refuses_field(f"owner_{name}", "Outside the owner's grammar.", put_incoming(owner=text))
    ids = {"capitals": PHOTO.upper(), "version_1": PHOTO.replace("-4c1c-", "-1c1c-"), "braces": f"{{{PHOTO}}}"}
    ids |= {"variant": PHOTO.replace("-9f6a-", "-cf6a-"), "hex": PHOTO.replace("-", ""), "line_end": PHOTO + "\n"}
    ids |= {"path": f"../{PHOTO}", "empty": ""}
    for name, text in ids.items():
        refuses_field(f"id_{name}", "A UUID v4 in lower case.", put_incoming(id=text))
    for text in ("jpeg", "JPG", "exe", "svg", "html", "", "jpg\n", "jpg/x"):
        shown = {"": "empty", "jpg\n": "line_end", "jpg/x": "path"}.get(text, text)
        refuses_field(f"ext_{shown}", "ext is one of a fixed list.", put_incoming(ext=text, content_type=DROP))
    for ext in ("png", "webp", "gif"):
        accepts(f"ext_{ext}_is_known", "Of the fixed list.", asks(put_incoming(ext=ext, content_type=TYPES[ext])))
    for text in ("avatars", "Photos", "photos/x", "photos\n", ""):
        shown = {"": "empty", "photos/x": "path", "photos\n": "line_end"}.get(text, text)
        refuses_field(f"category_{shown}", "Four categories.", put_incoming(category=text))
    for category in ("profile", "projects", "resume"):
        accepts(f"category_{category}_is_known", "Of the four.", asks(put_incoming(category=category)))
    for name, area in {"other": "public", "path": "users/..", "capitals": "Incoming"}.items():
        refuses_field(f"area_{name}", "incoming or users.", put_incoming(area=area))
    for name, op in {"unknown": "head", "capitals": "PUT", "list": ["put"], "null": None}.items():
        refuses_field(f"op_{name}", "No such operation.", put_incoming(op=op))
    size_cases()


def size_cases() -> None:
    accepts("put_of_a_smaller_size", "Sizes have keys of their own.", asks(put_users(size="150")))
    accepts("delete_of_a_smaller_size", "Sizes have keys of their own.", asks(delete(size="400")))
    accepts("get_of_a_smaller_size", "Sizes have keys of their own.", asks(get_users(size="400")))
    accepts(
        "get_of_three_sizes",
        "A URL for each; 800 has no size in its key.",
        asks(get_users(sizes=["150", "400", "800"])),
    )
    accepts("get_of_one_size_in_a_list", "The list decides what the answer looks like.", asks(get_users(sizes=["800"])))
    faults: list[tuple[str, str, Json]] = [
        ("size_below_incoming", "Only below users.", put_incoming(size="150")),
        ("sizes_below_incoming", "Only below users.", get_incoming(sizes=["150"])),
        ("size_800", "The largest is the key without a size.", get_users(size="800")),
        ("size_as_a_number", "A string.", get_users(size=150)),
        ("size_null", "Absent, or a string.", get_users(size=None)),
        ("size_with_a_line_end", "The whole string.", get_users(size="150\n")),
        ("sizes_empty", "At least one.", get_users(sizes=[])),
        ("sizes_twice_the_same", "Each once.", get_users(sizes=["150", "150"])),
        ("sizes_with_an_unknown_one", "150, 400, 800.", get_users(sizes=["150", "200"])),
        ("sizes_as_text", "A list.", get_users(sizes="150")),
        ("sizes_beside_size", "Instead of it.", get_users(sizes=["150"], size="400")),
        ("sizes_on_put", "Of get only.", put_users(sizes=["150"])),
        ("size_on_publish", "A receipt opens every size.", publish(size="150")),
    ]
    for name, why, it in faults:
        refuses_field(name, why, it)


def field_cases() -> None:
    """What is left out, what does not belong, and what has the wrong type."""
    for name in ("op", "area", "owner", "category", "id", "ext", "expires_at"):
        refuses_field(f"{name}_left_out", "Required for put.", put_incoming(**{name: DROP}))
    for name in ("content_type", "content_length", "checksum_sha256", "if_none_match", "cache_control"):
        refuses_field(
            f"users_{name}_left_out", "Required below users: the signer adds nothing.", put_users(**{name: DROP})
        )
    faults: list[tuple[str, str, Json]] = [
        ("a_key_in_the_item", "Keys are built from parts, never passed.", put_incoming(key="users/x")),
        ("content_type_on_get", "Not get's.", get_users(content_type="image/jpeg")),
        ("content_length_on_post", "A form has a range.", post_incoming(content_length=5)),
        ("length_range_on_put", "Not put's.", put_incoming(length_range=[1, 5])),
        ("checksum_on_delete", "Not delete's.", delete(checksum_sha256=DIGEST)),
        ("receipt_on_put", "Not put's.", put_incoming(receipt=receipt())),
        ("download_as_on_put", "Not put's.", put_incoming(download_as="a.jpg")),
        ("visibility_on_get", "Not get's.", get_users(visibility="public")),
        ("upload_id_on_put", "Multipart's.", put_incoming(upload_id="abc", part_number=1)),
        ("expires_at_on_publish", "A receipt has until.", publish(expires_at=IAT + 60)),
        ("expires_at_as_text", "Whole seconds.", put_incoming(expires_at=str(IAT + 300))),
        ("expires_at_true", "A boolean is no number.", put_incoming(expires_at=True)),
        ("expires_at_null", "Whole seconds.", put_incoming(expires_at=None)),
        ("content_length_as_text", "Exact bytes.", put_incoming(content_length="5")),
        ("content_length_negative", "Exact bytes.", put_incoming(content_length=-1)),
        ("content_length_true", "A boolean is no number.", put_incoming(content_length=True)),
        (
            "content_type_with_a_line_end",
            "It would add a header.",
            put_incoming(content_type="image/jpeg\r\nx-amz-acl: a"),
        ),
        ("content_type_without_slash", "A media type.", put_incoming(content_type="jpeg")),
        ("content_type_empty", "A media type.", put_incoming(content_type="")),
        ("users_content_type_not_of_ext", "It must be what ext says.", put_users(content_type="image/png")),
        ("users_content_type_image_jpg", "The type's own name.", put_users(content_type="image/jpg")),
        ("users_content_type_html", "It must be what ext says.", put_users(content_type="text/html")),
        ("users_cache_control_other", "Always the same.", put_users(cache_control="public, max-age=31536000")),
        ("if_none_match_other", "Only *.", put_incoming(if_none_match='"abc"')),
        ("checksum_in_hex", "Base64 of 32 bytes.", put_incoming(checksum_sha256=hashlib.sha256(b"a").hexdigest())),
        (
            "checksum_too_short",
            "Base64 of 32 bytes.",
            put_incoming(checksum_sha256=base64.b64encode(b"x" * 31).decode()),
        ),
        ("checksum_unpadded", "Base64 of 32 bytes.", put_incoming(checksum_sha256=DIGEST.rstrip("="))),
        ("length_range_missing", "A form without a limit.", post_incoming(length_range=DROP)),
        ("length_range_reversed", "min is at most max.", post_incoming(length_range=[5, 4])),
        ("length_range_negative", "Bytes.", post_incoming(length_range=[-1, 4])),
        ("length_range_of_three", "Two numbers.", post_incoming(length_range=[1, 2, 3])),
        ("length_range_of_text", "Two numbers.", post_incoming(length_range=["1", "2"])),
        ("length_range_of_booleans", "Two numbers.", post_incoming(length_range=[False, True])),
    ]
    for name, why, it in faults:
        refuses_field(name, why, it)


def upload_cases() -> None:
    """The shapes of uploads that are accepted."""
    accepts("put_with_nothing_bound", "A kind may leave the type open.", asks(put_incoming(content_type=DROP)))
    everything = put_incoming(content_length=51_200, checksum_sha256=DIGEST, if_none_match="*")
    accepts("put_with_all_bound", "Each header that limits it is signed.", asks(everything))
    accepts("put_image_jpg", "Below incoming the type is bound as sent.", asks(put_incoming(content_type="image/jpg")))
    accepts("post_with_an_open_type", "Then no condition names a type.", asks(post_incoming(content_type=DROP)))
    pdf = put_users(category="resume", id=RESUME, ext="pdf", content_type="application/pdf")
    accepts("put_of_a_resume", "Its type is what ext says.", asks(pdf))
    for name, it in {"put": put_users(), "post": post_incoming(), "get": get_users(), "delete": delete()}.items():
        why = "Virtual-host style, and a session's token in the query (in the form, a field)."
        accepts(f"{name}_on_AWS", why, asks(it, signer="aws"))
    ends = NOW + 7200
    shortened = asks(
        get_users(expires_at=ends + 100), signer="aws", iat=ends - 200, clock=ends - 190, token=token(exp=ends)
    )
    accepts("the_session_ends_first", "A URL is promised no longer life than its session.", shortened)
    later = NOW + 7300
    ask = asks(put_users(expires_at=later + 60), signer="aws", iat=later, clock=later, token=token(exp=later + 60))
    refuses(
        "the_session_has_ended", "A role session that ended signs nothing.", ask, "credentials_unavailable", ANY_ITEM
    )


def caller_cases() -> None:
    """The caller's own token: the second proof."""
    for alg, label in (("ES256", "issuer-ec"), ("EdDSA", "issuer-ed")):
        accepts(f"token_{alg}", "Of the issuer's keys.", asks(put_incoming(), token=token(label=label, alg=alg)))
    accepts("token_of_the_other_client", "Listed.", asks(put_incoming(), token=token(client_id="another-client")))
    accepts("token_in_its_last_second", "exp is a second ahead.", asks(put_incoming(), token=token(exp=NOW + 1)))
    refuses_token("token_expired_now", "exp is the first second that is too late.", token(exp=NOW))
    refuses_token("token_expired_long_ago", "Expired.", token(exp=NOW - 3600))
    refuses_token("token_without_exp", "Required.", token(exp=DROP))
    refuses_token("token_with_exp_as_text", "A number.", token(exp=str(NOW + 3000)))
    refuses_token("id_token", "An ID token opens nothing.", token(token_use="id"))
    refuses_token("token_without_use", "token_use is access.", token(token_use=DROP))
    refuses_token("token_of_an_unlisted_client", "Its client is not listed.", token(client_id="someone-elses-client"))
    refuses_token("token_without_client", "Its client is not listed.", token(client_id=DROP, aud=CLIENT))
    refuses_token("token_of_another_pool", "Another issuer.", token(iss=ISSUER[:-1] + "2"))
    refuses_token("token_without_iss", "Required.", token(iss=DROP))
    refuses_token("token_of_a_stranger", "A key that is not the issuer's.", token(label="stranger"))
    borrowed = token(label="stranger", header={"kid": "issuer-rsa", "jku": "https://keys.example.org/jwks.json"})
    refuses_token("token_with_jku", "It names its own keys.", borrowed)
    crossed = token(label="issuer-rsa", header={"kid": "issuer-ec"})
    refuses_token("token_with_the_kid_of_another_kind", "An RSA signature under the EC key.", crossed)
    refuses_token("token_without_kid", "No key is tried for luck.", token(header={"kid": DROP}))
    refuses_token("token_alg_none", "Unsigned.", token(header={"alg": "none"}))
    confused = jwt(
        compact({"alg": "HS256", "kid": "issuer-rsa"}),
        compact({"sub": ALICE, "client_id": CLIENT, "token_use": "access", "iss": ISSUER, "exp": NOW + 3000}),
        "issuer-rsa",
        hs256_with_public_key,
    )
    refuses_token("token_HS256_with_the_public_key", "Signed with what everybody has.", confused)
    refuses_token("token_with_an_empty_sub", "Nobody.", token(sub=""), caller=ALICE)
    refuses_token("token_with_a_number_for_sub", "A string.", token(sub=7), caller=ALICE)
    refuses_token("token_without_sub", "Nobody.", token(sub=DROP), caller=ALICE)
    refuses_token("token_that_is_text", "No JWT.", "token")
    refuses_token("a_grant_as_token", "Of another kind, with another key.", asks(put_incoming()).grant())
    refuses_token("service_token_for_a_person", "A service is no person.", service_token())
    owner_cases()
    open_id_cases()


def owner_cases() -> None:
    accepts(
        "owner_hashed",
        "A sub that fits no key goes by its hash.",
        asks(put_incoming(owner=owner_form(BOB)), caller=BOB),
    )
    odd = "Jürgen Müller"
    accepts("owner_hashed_from_UTF_8", "Of the sub's UTF-8.", asks(put_incoming(owner=owner_form(odd)), caller=odd))
    long = "a" * 128
    accepts("owner_of_128", "The longest that stays itself.", asks(put_incoming(owner=long), caller=long))
    accepts("owner_of_129", "Hashed.", asks(put_incoming(owner=owner_form(long + "a")), caller=long + "a"))
    accepts(
        "owner_like_a_hash",
        "Else someone could choose a hash.",
        asks(put_incoming(owner=owner_form("h-x")), caller="h-x"),
    )
    accepts(
        "owner_like_a_service",
        "Else a person could be one.",
        asks(put_incoming(owner=owner_form("s-demo")), caller="s-demo"),
    )
    mismatches: list[tuple[str, str, Ask]] = [
        (
            "a_person_named_like_a_service",
            "s-demo is the service's.",
            asks(put_incoming(owner="s-demo"), caller="s-demo"),
        ),
        ("put_for_another_owner", "Bob's token, Alice's object.", asks(put_incoming(), caller=BOB)),
        ("get_of_another_owner", "Bob's token, Alice's object.", asks(get_users(), caller=BOB)),
        ("get_incoming_of_another_owner", "Bob's token, Alice's object.", asks(get_incoming(), caller=BOB)),
        ("delete_for_another_owner", "Bob's token, Alice's object.", asks(delete(), caller=BOB)),
        ("publish_for_another_owner", "Bob's token, Alice's object.", asks(publish(), caller=BOB)),
    ]
    for name, why, ask in mismatches:
        refuses(name, why, ask, "caller_mismatch")
    stolen = asks(put_incoming(), caller=ALICE, token=token(BOB))
    refuses("caller_is_not_the_tokens", "Its sub is the grant's caller.", stolen, "caller_mismatch", ANY_ITEM)
    for name, it in {"put": put_incoming(), "get": get_users(), "delete": delete(), "publish": publish()}.items():
        ask = alone(it)
        refuses(f"{name}_by_nobody", "The proof is the owner's token.", ask, "invalid_caller_token", ANY_ITEM)


def open_id_cases() -> None:
    """An issuer that is not Cognito: audiences, and the type or a claim."""
    claims = {"iss": OPEN_ID["token_issuer"], "aud": "https://api.example.org", "client_id": DROP, "token_use": DROP}
    typed = {"typ": "at+jwt"}

    def oidc(text: str) -> Ask:
        return asks(put_incoming(), signer="oidc", token=text)

    accepts("oidc_by_type", "RFC 9068.", oidc(token(header=typed, **claims)))
    accepts("oidc_by_claim", "The configured claim says access.", oidc(token(**claims, use="access")))
    many = {**claims, "aud": ["https://other.example.org", "https://api.example.org"]}
    accepts("oidc_one_audience_of_many", "aud may be a list.", oidc(token(header=typed, **many)))
    faults = {
        "oidc_without_type": token(**claims),
        "oidc_other_type": token(header={"typ": "JWT"}, **claims),
        "oidc_claim_says_id": token(**claims, use="id"),
        "oidc_other_audience": token(header=typed, **{**claims, "aud": "https://other.example.org"}),
        "oidc_without_audience": token(header=typed, **{**claims, "aud": DROP}),
    }
    for name, text in faults.items():
        refuses(name, "An access token for this API only.", oidc(text), "invalid_caller_token", ANY_ITEM)


def receipt_cases() -> None:
    """Reading what its owner has published, and the receipts themselves."""

    def reads(text: str, **settings: Any) -> Ask:
        return asks(get_users(receipt=text), **{"caller": DROP, **settings})

    month = 30 * DAY
    accepts("read_by_link", "Alone, until its end.", reads(receipt("link", IAT + month)))
    accepts("read_signed_in", "With anyone's valid token.", reads(receipt("signed_in"), caller=BOB))
    accepts("read_by_the_older_key", "Two receipt keys may be active.", reads(receipt(kid="r0")))
    accepts("read_to_the_receipts_end", "Not past it.", reads(receipt("link", IAT + 300)))
    sizes = get_users(receipt=receipt(), sizes=["150", "800"])
    accepts("read_sizes_by_receipt", "A receipt opens an object in its sizes.", alone(sizes))
    mixed = asks(get_users(), get_users(owner="carol", receipt=receipt(owner="carol")))
    accepts("own_and_published_together", "The proof is asked for each item.", mixed)
    refuses("read_past_the_receipts_end", "A second past it.", reads(receipt("link", IAT + 299)), "not_published")
    refuses("read_after_the_receipts_end", "It has ended.", reads(receipt("link", NOW - 1)), "not_published")
    alone_signed_in = reads(receipt("signed_in"))
    refuses("read_signed_in_by_nobody", "A token is missing.", alone_signed_in, "invalid_caller_token", ANY_ITEM)
    expired = reads(receipt("signed_in"), caller=BOB, token=token(BOB, exp=NOW))
    refuses("read_signed_in_with_an_expired_token", "Any valid token.", expired, "invalid_caller_token", ANY_ITEM)
    served = reads(receipt("signed_in"), caller=DROP, service="demo")
    refuses("read_signed_in_by_a_service", "People sign in.", served, "invalid_caller_token", ANY_ITEM)
    link = receipt("link", IAT + month)
    tampered = {
        "kid_of_the_other_key": receipt().replace(".r1.", ".r0."),
        "kid_unknown": receipt(kid="r9"),
        "visibility": link.replace(".link.", ".public."),
        "issued": receipt().replace(f".{IAT - DAY}.", f".{IAT - DAY + 1}."),
        "until": link.replace(f".{IAT + month}.", f".{IAT + month + 1}."),
        "end_taken_away": link.replace(f".{IAT + month}.", ".0."),
        "hmac": receipt()[:-3] + ("A" if receipt()[-3] != "A" else "B") + receipt()[-2:],
    }
    for part, text in tampered.items():
        refuses(f"receipt_{part}_tampered", "The HMAC is over its terms.", reads(text), "not_published")
    others: dict[str, Json] = {
        "id": {"id": OTHER_PHOTO},
        "owner": {"owner": "carol"},
        "category": {"category": "profile"},
        "ext": {"ext": "png"},
    }
    for part, of in others.items():
        refuses(f"receipt_of_another_{part}", "It opens one object.", reads(receipt(**of)), "not_published")
    malformed = {"version": receipt().replace("v1.", "v2."), "visibility": receipt().replace("public", "everyone")}
    malformed |= {"parts": receipt().rsplit(".", 1)[0], "issued": receipt().replace(f".{IAT - DAY}.", ".+1.")}
    malformed |= {"line_end": receipt() + "\n", "empty": ""}
    for part, text in malformed.items():
        refuses(f"receipt_{part}_malformed", "Outside the receipt's grammar.", reads(text), "invalid_item")
    publish_cases()


def publish_cases() -> None:
    month = 30 * DAY
    accepts("publish_public", "Issued by the signer's clock.", asks(publish()))
    accepts("publish_signed_in", "Each visibility.", asks(publish("signed_in")))
    accepts("publish_link", "At most 30 days ahead.", asks(publish("link", IAT + month)))
    accepts("publish_public_with_an_end", "Public for a day.", asks(publish(until=IAT + DAY)))
    for category in ("profile", "projects"):
        ask = alone(publish(category=category), issuer="importer")
        accepts(f"importer_publishes_{category}", "While a migration runs.", ask)
    faults: list[tuple[str, str, Json]] = [
        ("publish_link_without_end", "A link ends.", publish("link", 0)),
        ("publish_link_until_left_out", "A link ends.", publish("link", DROP)),
        ("publish_link_for_more_than_30_days", "At most 30 days ahead.", publish("link", NOW + month + 1)),
        ("publish_until_past", "It would be void.", publish("link", NOW - 1)),
        ("publish_until_now", "It would be void.", publish("link", NOW)),
        ("publish_until_negative", "Seconds since the epoch.", publish("public", -1)),
        ("publish_until_as_text", "A number.", publish("public", "0")),
        ("publish_until_true", "A boolean is no number.", publish("public", True)),
        ("publish_without_visibility", "Required.", publish(visibility=DROP)),
        ("publish_private", "Three visibilities.", publish("private")),
    ]
    for name, why, it in faults:
        refuses_field(name, why, it)
    kept = "The same terms, `issued` too, under the first key."
    accepts("reissue_public", kept, alone(reissue(receipt(kid="r0"))))
    accepts("reissue_link", kept, alone(reissue(receipt("link", IAT + DAY, kid="r0"))))
    ended = alone(reissue(receipt("link", NOW - 1, kid="r0")))
    refuses("reissue_of_an_ended_one", "Only what is valid.", ended, "not_published")
    other = alone(reissue(receipt(kid="r0"), id=OTHER_PHOTO))
    refuses("reissue_for_another_object", "Its own object.", other, "not_published")
    refuses_field("reissue_without_receipt", "Required.", reissue(DROP))
    refuses_field("reissue_with_other_terms", "Its terms are the receipt's.", reissue(receipt(), visibility="public"))


def service_cases() -> None:
    """Internal services: a token of their own, and the signer's own list."""
    own = put_incoming(owner="s-demo")
    accepts("service_puts_into_its_own_space", "An owner like any other.", asks(own, service="demo"))
    unread = asks(get_users(), service="scribe")
    refuses(
        "service_not_registered_to_read", "The signer's list, not the token's word.", unread, "operation_not_permitted"
    )
    narrowed = asks(get_users(), service="demo", token=service_token(scope="media:write"))
    refuses("service_token_not_scoped_to_read", "A token narrows.", narrowed, "operation_not_permitted")
    refuses("service_puts_for_a_person", "Not its space.", asks(put_incoming(), service="demo"), "caller_mismatch")
    other = asks(put_incoming(owner="s-scribe"), service="demo")
    refuses("service_puts_for_another_service", "Not its space.", other, "caller_mismatch")
    faults = {
        "service_token_of_another": asks(get_users(), service="demo", token=service_token("scribe")),
        "service_unknown": asks(get_users(), service="ghost"),
        "service_token_by_a_stranger": asks(get_users(), service="demo", token=service_token(label="stranger")),
        "service_token_over_60_s": asks(get_users(), service="demo", token=service_token(exp=IAT + 61)),
        "service_token_expired": asks(get_users(), service="demo", token=service_token(iat=IAT - 50, exp=NOW)),
        "service_token_without_exp": asks(get_users(), service="demo", token=service_token(exp=DROP)),
        "service_token_for_another_audience": asks(get_users(), service="demo", token=service_token(aud="others")),
        "service_token_with_another_sub": asks(get_users(), service="demo", token=service_token(sub=ALICE)),
        "a_person_as_a_service": asks(get_users(), service="demo", token=token()),
    }
    for name, ask in faults.items():
        refuses(name, "Not a valid token of the service named.", ask, "invalid_caller_token", ANY_ITEM)


def window_cases() -> None:
    """Cacheable reads: the same URL for all who ask within a window."""
    start = IAT - IAT % 150
    windowed = get_users(receipt=receipt(), window=150, expires_at=start + 300)
    why = "Two grants in one window: the same URL, with no grant in it."
    two = [granted(alone(windowed, iat=iat)) for iat in (IAT, IAT + 5)]
    case("a_window_gives_one_URL", why, *two)
    half = IAT - IAT % 1800
    accepts("the_longest_window", "1,800 s.", alone(get_users(receipt=receipt(), window=1800, expires_at=half + 3600)))
    sized = get_users(receipt=receipt(), window=150, expires_at=start + 300, sizes=["150", "400", "800"])
    accepts("a_window_of_sizes", "Each size.", alone(sized))
    public = {"receipt": receipt(), "expires_at": start + 300}
    faults: list[tuple[str, str, Ask]] = [
        (
            "window_too_long",
            "At most 1,800 s.",
            alone(get_users(receipt=receipt(), window=1801, expires_at=1801 * 993_893)),
        ),
        ("window_zero", "Whole seconds, at least one.", alone(get_users(**public, window=0))),
        ("window_negative", "Whole seconds, at least one.", alone(get_users(**public, window=-150))),
        ("window_as_text", "A number.", alone(get_users(**public, window="150"))),
        ("window_not_dividing", "expires_at is a multiple of it.", alone(get_users(receipt=receipt(), window=150))),
        ("window_without_receipt", "With a public receipt only.", asks(get_users(window=150, expires_at=start + 300))),
        (
            "window_with_a_link",
            "With a public receipt only.",
            alone(get_users(**{**public, "receipt": receipt("link", IAT + DAY)}, window=150)),
        ),
        ("window_on_put", "Not put's.", asks(put_incoming(window=150, expires_at=start + 300))),
    ]
    for name, fault, ask in faults:
        refuses(name, fault, ask, "invalid_item")


def download_cases() -> None:
    accepts("download_of_a_resume", "An attachment, of a fixed type.", asks(get_resume()))
    accepts(
        "download_with_a_unicode_name",
        "RFC 8187, then encoded again.",
        asks(get_resume(download_as="Lebenslauf Jürgen (2026) 履歴書.pdf")),
    )
    quoted = 'it\'s "quoted"; 100%*.jpg'
    accepts("download_of_a_picture", "Its type is what ext says.", asks(get_users(download_as=quoted)))
    refuses_field("pdf_without_download_as", "Required for pdf.", get_resume(download_as=DROP))
    names = {"empty": "", "line_end": "a\r\nb.pdf", "NUL": "a\0.pdf", "slash": "a/b.pdf", "number": 7}
    for name, text in names.items():
        refuses_field(f"download_as_{name}", "A file name.", get_resume(download_as=text))


def freeze_cases() -> None:
    """The freeze list: each kind, and what it leaves alone."""
    good = put_incoming()

    def frozen(name: str, listed: Json, stopped: Ask, untouched: Ask) -> None:
        steps = refused(stopped, "operation_frozen", 0), granted(untouched)
        case(f"frozen_{name}", "What is listed is refused, the rest goes on.", *steps, freeze=listed)

    no_puts = {"operations": ["put"]}
    frozen("operation", no_puts, asks(good), asks(get_users()))
    frozen("issuer", {"issuers": ["sweeper"]}, alone(delete(), issuer="sweeper"), asks(delete()))
    frozen("owner", {"owners": [ALICE]}, asks(good), asks(put_incoming(owner="carol"), caller="carol"))
    frozen("object", {"objects": [PHOTO]}, asks(get_users(size="150")), asks(get_users(id=OTHER_PHOTO)))
    span = {"receipts": [[IAT - DAY - 60, IAT - DAY]]}
    inside, outside = get_users(receipt=receipt()), get_users(receipt=receipt(issued=IAT - DAY + 1))
    frozen("receipts", span, alone(inside), alone(outside))
    frozen("receipts_reissued", span, alone(reissue(receipt(kid="r0"))), alone(outside))
    frozen("grants", {"grants_before": IAT}, asks(good, iat=IAT - 1), asks(good))
    for name, text in {"without_a_token": None, "with_an_expired_token": token(BOB, exp=NOW)}.items():
        waits = get_users(receipt=receipt("signed_in", issued=IAT - DAY))
        ask = asks(waits, caller=BOB, token=text) if text else alone(waits)
        why = "The receipt's own words are enough."
        refuses(f"frozen_receipt_{name}", why, ask, "operation_frozen", freeze=span)
    unpermitted = alone(put_users(), issuer="sweeper")
    why = "The table is asked first."
    refuses("policy_before_freeze", why, unpermitted, "operation_not_permitted", freeze=no_puts)
    both = asks(good, caller=BOB)
    refuses("freeze_before_proof", "It is asked before any proof.", both, "operation_frozen", freeze=no_puts)


def cap_cases() -> None:
    def sweep(count: int, clock: int) -> Ask:
        swept = [delete(expires_at=clock + 30)] * count
        return Ask(swept, issuer="sweeper", caller=DROP, iat=clock, clock=clock)

    steps = [
        granted(sweep(4, NOW)),
        refused(sweep(1, NOW + 1), "operation_not_permitted", ANY_ITEM),
        granted(asks(delete())),
        granted(sweep(1, NOW + 61)),
    ]
    case("deletes_are_capped", "So many a minute an issuer; another issuer's go on.", *steps, deletes_per_minute=4)


def order_cases() -> None:
    """Single use, all or none, and the order of the steps."""
    first = asks(put_incoming())
    again = refused(first, "grant_already_used")
    case(
        "a_grant_works_once",
        "Repeated, it is refused; a new grant is not.",
        granted(first),
        again,
        granted(asks(put_incoming())),
    )
    other = replace(first, items=[get_users()])
    case("a_jti_works_once", "In whatever grant it stands.", granted(first), refused(other, "grant_already_used"))
    spoiled = replace(first, token=token(exp=NOW))
    steps = refused(spoiled, "invalid_caller_token", ANY_ITEM), granted(first)
    case("a_refused_grant_is_not_spent", "It is marked used after its proofs.", *steps)
    three = [put_incoming(), get_users(), publish()]
    faults: list[tuple[str, Json, str]] = [
        ("grammar", put_incoming(id="x"), "invalid_item"),
        ("policy", put_incoming(expires_at=IAT + 901), "operation_not_permitted"),
        ("owner", put_incoming(owner="carol"), "caller_mismatch"),
        ("receipt", get_users(receipt=receipt(id=OTHER_PHOTO)), "not_published"),
    ]
    for name, fault, error in faults:
        ask = asks(*three, fault, delete())
        refuses(f"item_3_{name}", "All or none, and the refusal names the item.", ask, error, 3)
    early_policy = asks(put_incoming(expires_at=IAT + 901), put_incoming(id="x"))
    refuses("grammar_before_policy", "Every item's fields are read first.", early_policy, "invalid_item", 1)
    early_proof = asks(put_incoming(owner="carol"), put_incoming(expires_at=IAT + 901))
    refuses("policy_before_proof", "Every item's row is asked first.", early_proof, "operation_not_permitted", 1)
    unproven = asks(put_incoming(expires_at=IAT + 901), token=token(exp=NOW))
    refuses(
        "policy_before_the_token",
        "A token is not looked at for what no row allows.",
        unproven,
        "operation_not_permitted",
    )
    forged = asks(put_incoming(id="x"), label="stranger", header={"kid": "metadata-2026-11"})
    refuses_grant("signature_before_items", "Nothing unsigned is looked into.", forged)
    ids = [str(uuid.UUID(bytes=seed(f"photo {n}")[:16], version=4)) for n in range(100)]
    accepts("100_items", "As many as a grant may have, answered in order.", asks(*(publish(id=id_) for id_ in ids)))


def multipart_cases() -> None:
    """Uploads in parts: what each operation needs, takes, and never does."""
    sweep: Json = {"issuer": "sweeper", "caller": DROP}
    for op in METHODS:
        policy_row(f"multipart_{op}_by_its_owner", partial(multipart, op), 900, {})
    for area in ("incoming", "users"):
        policy_row(f"multipart_abort_{area}_by_sweeper", partial(multipart, "abort", area), 60, sweep)
    smaller = multipart("abort", "users", size="150")
    accepts("multipart_abort_of_a_smaller_size", "Sizes have keys of their own.", asks(smaller, **sweep))
    for op in METHODS:
        on_aws = "Virtual-host style, and a session's token in the query."
        accepts(f"multipart_{op}_on_AWS", on_aws, asks(multipart(op), signer="aws"))
        own = asks(multipart(op, owner="s-demo"), service="demo")
        accepts(f"multipart_{op}_in_a_services_own_space", "An owner like any other.", own)
    for content_type in ("image/jpeg", "image/jpg"):
        typed = asks(multipart("create", content_type=content_type))
        accepts(f"multipart_create_of_{content_type.replace('/', '_')}", "The type is bound as sent.", typed)
    last = asks(multipart("part", part_number=10_000, content_length=5_242_880))
    accepts("multipart_part_10000", "The last there can be, its length bound.", last)
    ids = {"short": "1", "long": "a" * 1_024, "of_hex": "3f" * 16, "of_S3": "ibZBv_75gd9r8lH.gqXatLdxMVpAlj6--"}
    for name, text in ids.items():
        accepts(f"multipart_upload_id_{name}", "S3's, and opaque.", asks(multipart("list", upload_id=text)))
    multipart_gaps()
    multipart_faults()
    multipart_limits()


def multipart_gaps() -> None:
    """What no row allows of uploads in parts, and what no proof carries."""
    sweep: Json = {"issuer": "sweeper", "caller": DROP}
    why = "No row of the policy allows it."
    for op in METHODS:
        gaps: dict[str, Ask] = {
            f"nobody_may_multipart_{op}_below_users": asks(multipart(op, "users")),
            f"importer_may_not_multipart_{op}": alone(multipart(op, "users"), issuer="importer"),
            f"importer_may_not_multipart_{op}_incoming": alone(multipart(op), issuer="importer"),
        }
        if op != "abort":
            gaps[f"sweeper_may_not_multipart_{op}"] = asks(multipart(op), **sweep)
            gaps[f"sweeper_may_not_multipart_{op}_below_users"] = asks(multipart(op, "users"), **sweep)
        narrowed = service_token(scope="media:read")
        gaps[f"multipart_{op}_by_a_service_that_only_reads"] = asks(
            multipart(op, owner="s-demo"), service="demo", token=narrowed
        )
        for name, ask in gaps.items():
            refuses(name, why, ask, "operation_not_permitted")
        others = {"another_owner": asks(multipart(op), caller=BOB), "a_service": asks(multipart(op), service="demo")}
        for who, ask in others.items():
            refuses(f"multipart_{op}_by_{who}", "Alice's object, and not her token.", ask, "caller_mismatch")
        unproven = alone(multipart(op))
        refuses(f"multipart_{op}_by_nobody", "The proof is the owner's token.", unproven, "invalid_caller_token")
    foreign = asks(multipart("part", owner="s-scribe"), service="demo")
    refuses("multipart_part_for_another_service", "Not its space.", foreign, "caller_mismatch")


def multipart_faults() -> None:
    """What is left out, what does not belong, and what is outside its grammar."""
    foreign: Json = {
        "content_type": "image/jpeg",
        "content_length": 5,
        "checksum_sha256": DIGEST,
        "if_none_match": "*",
        "length_range": [1, 5],
        "sizes": ["150"],
        "receipt": receipt(),
        "download_as": "a.jpg",
        "upload_id": UPLOAD_ID,
        "part_number": 1,
    }
    own = {"create": ["content_type"], "part": ["upload_id", "part_number", "content_length"]}
    for op in METHODS:
        for name in sorted(multipart(op).keys() - {"op"}):
            refuses_field(f"multipart_{op}_without_{name}", "Required.", multipart(op, **{name: DROP}))
        for name in sorted(foreign.keys() - own.get(op, ["upload_id"])):
            field_of_others = multipart(op, **{name: foreign[name]})
            refuses_field(f"multipart_{op}_with_{name}", "Not this operation's.", field_of_others)
    whole: dict[str, Callable[..., Json]] = {"put": put_incoming, "post": post_incoming, "get": get_users}
    for op, make in {**whole, "delete": delete, "publish": publish}.items():
        for name in ("upload_id", "part_number"):
            refuses_field(f"{name}_on_a_whole_{op}", "Multipart's.", make(**{name: foreign[name]}))
    numbers = {"0": 0, "10001": 10_001, "negative": -1, "text": "1", "true": True, "null": None, "list": [1]}
    for name, value in numbers.items():
        refuses_field(f"part_number_{name}", "1 to 10000.", multipart("part", part_number=value))
    lengths = {"negative": -1, "text": "5", "over_5_GiB": 5 * 2**30 + 1}
    for name, value in lengths.items():
        refuses_field(f"part_content_length_{name}", "Exact bytes.", multipart("part", content_length=value))
    ids = {"empty": "", "1025": "a" * 1_025, "space": "a b", "ampersand": "a&partNumber=2", "percent": "a%2Fb"}
    ids |= {"question": "a?b", "hash": "a#b", "line_end": UPLOAD_ID + "\n", "umlaut": "ü", "NUL": "a\0"}
    for name, value in {**ids, "number": 7, "null": None, "list": [UPLOAD_ID]}.items():
        refuses_field(f"upload_id_{name}", "Outside its grammar.", multipart("complete", upload_id=value))
    untyped = multipart("create", content_type="image/jpeg\r\nx-amz-acl: a")
    refuses_field("multipart_create_type_with_a_line_end", "It would add a header.", untyped)
    refuses_field("multipart_abort_size_below_incoming", "Only below users.", multipart("abort", size="150"))
    refuses_field("multipart_part_expired", "expires_at lies ahead.", multipart("part", expires_at=NOW))


def multipart_limits() -> None:
    """The cap and the freeze list."""
    abort, listing = multipart("abort"), multipart("list")
    both = [delete(), abort]
    steps = [
        granted(alone(*both, *both, issuer="sweeper")),
        refused(alone(abort, issuer="sweeper"), "operation_not_permitted", ANY_ITEM),
        granted(asks(*[abort] * 5, listing, *[delete()] * 4)),
        refused(asks(delete()), "operation_not_permitted", ANY_ITEM),
    ]
    why = "An abort destroys, too; one that its owner asks for is not counted."
    case("aborts_are_capped_with_deletes", why, *steps, deletes_per_minute=4)
    frozen = {"operations": ["multipart_part"]}
    stopped = refused(asks(multipart("part")), "operation_frozen", 0), granted(asks(listing))
    case("frozen_multipart_part", "What is listed is refused, the rest goes on.", *stopped, freeze=frozen)


SECTIONS = (
    policy_cases,
    policy_gaps,
    time_cases,
    grant_cases,
    shape_cases,
    key_cases,
    field_cases,
    upload_cases,
    caller_cases,
    receipt_cases,
    service_cases,
    window_cases,
    download_cases,
    freeze_cases,
    cap_cases,
    order_cases,
    multipart_cases,
)
ABOUT = (
    "Vectors of grant v1, written by tests/contract/make_vectors.py: change that, never this. A case's requests "
    "run in order against one signer, started at its memory_began and then set to each request's clock. pad_to: "
    "append spaces up to so many bytes. expect.item: the item that the refusal names, null for none; absent where "
    "it may name one or not. expect.audited: whether the request leaves a line in the audit log."
)


def build() -> str:
    """The file's text."""
    global _serials
    _serials = itertools.count(1)
    CASES.clear()
    for section in SECTIONS:
        section()
    names = [entry["name"] for entry in CASES]
    if len(names) != len(set(names)):
        raise SystemExit(f"two cases of one name: {sorted(name for name in names if names.count(name) > 1)}")
    lines = ",\n".join(json.dumps(entry, ensure_ascii=True) for entry in CASES)
    head = json.dumps({"about": ABOUT, "signers": SIGNERS}, indent=1)
    return f'{head[:-2]},\n "cases": [\n{lines}\n ]\n}}\n'


if __name__ == "__main__":
    VECTORS.write_text(build(), encoding="ascii")
