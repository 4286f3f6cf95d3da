"""The signer against the vectors of grant v1: every case, by its own HTTP interface."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from signer_service.app import create_app
from signer_service.config import Config
from tests.contract import make_vectors

Json = dict[str, Any]
VECTORS: Json = json.loads(make_vectors.VECTORS.read_text(encoding="ascii"))


class Clock:
    """Seconds since the epoch, as a case says."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> float:
        return float(self.now)


def write(folder: Path, name: str, content: Any) -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def services_toml(services: Json) -> str:
    return "\n".join(
        f"[{name}]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in s.items()) for name, s in services.items()
    )


def environment(signer: Json, folder: Path) -> dict[str, str]:
    """The signer's environment, with the files that it names written below `folder`."""
    for identity, secrets in signer["identities"].items():
        write(folder, f"{identity}.json", secrets)
    if "freeze" in signer:
        write(folder, "freeze.json", signer["freeze"])
    (folder / "audit").mkdir()
    return {
        "SIGNER_NAME": signer["name"],
        "AWS_REGION": signer["region"],
        "S3_BUCKET": signer["bucket"],
        "S3_PUBLIC_ENDPOINT": signer["endpoint"],
        "IDENTITIES_DIR": str(folder),
        "GRANT_KEYS_FILE": write(folder, "grant_keys.json", signer["grant_keys"]),
        "RECEIPT_KEYS_FILE": write(folder, "receipt_keys.json", signer["receipt_keys"]),
        "TOKEN_ISSUER": signer["token_issuer"],
        "TOKEN_CLIENT_IDS": ",".join(signer["token_client_ids"]),
        "TOKEN_AUDIENCES": ",".join(signer["token_audiences"]),
        "TOKEN_ACCESS_CLAIM": signer["token_access_claim"],
        "TOKEN_KEYS_FILE": write(folder, "token_keys.json", signer["token_keys"]),
        "SERVICES_FILE": write(folder, "services.toml", services_toml(signer["services"])),
        "FREEZE_FILE": str(folder / "freeze.json"),
        "REPLAY_FILE": str(folder / "replay.sqlite"),
        "AUDIT_DIR": str(folder / "audit"),
        "DELETES_PER_MINUTE": str(signer["deletes_per_minute"]),
    }


def start(signer: Json, folder: Path) -> tuple[FlaskClient, Clock]:
    """A signer whose replay memory began when the vectors say."""
    clock = Clock(signer["memory_began"])
    client = create_app(Config.from_environment(environment(signer, folder)), clock=clock).test_client()
    client.get("/readyz")  # the memory begins when it is first asked
    return client, clock


def body_of(request: Json) -> bytes:
    body = base64.b64decode(request["body_base64"]) if "body_base64" in request else request["body"].encode()
    return body.ljust(request.get("pad_to", 0))


def check_refusal(answer: Json, expect: Json) -> None:
    assert answer["error"] == expect["error"], answer
    assert answer["message"]
    if "item" in expect:
        assert answer.get("item") == expect["item"]
    if answer.get("item") is not None:
        assert answer["message"].startswith(f"items[{answer['item']}]: ")


def check(client: FlaskClient, request: Json) -> None:
    expect = request["expect"]
    response = client.post("/v1/sign", data=body_of(request), content_type="application/json")
    answer = response.get_json()
    assert response.status_code == expect["status"], answer
    assert ("Retry-After" in response.headers) == (expect["status"] == 503)
    if expect["status"] != 200:
        check_refusal(answer, expect)
        return
    assert answer.keys() == {"items", "audit"}
    assert answer["audit"].keys() == {"chain", "seq", "hash"}
    assert answer["items"] == expect["items"]


def audit_lines(folder: Path) -> int:
    return sum(len(log.read_bytes().splitlines()) for log in (folder / "audit").iterdir())


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: str(case["name"]))
def test_the_signer_answers_as_the_vector_says(case: Json, tmp_path: Path) -> None:
    client, clock = start(VECTORS["signers"][case["signer"]] | case["settings"], tmp_path)
    for request in case["requests"]:
        clock.now = request["clock"]
        lines = audit_lines(tmp_path)
        check(client, request)
        assert (audit_lines(tmp_path) > lines) == request["expect"]["audited"]


def test_the_vectors_are_what_their_generator_writes() -> None:
    assert make_vectors.build() == make_vectors.VECTORS.read_text(encoding="ascii")


def test_the_vectors_hold_no_private_grant_key() -> None:
    for signer in VECTORS["signers"].values():
        for jwk in signer["grant_keys"]["keys"] + signer["token_keys"]["keys"]:
            assert not {"d", "p", "q", "k"} & jwk.keys()
