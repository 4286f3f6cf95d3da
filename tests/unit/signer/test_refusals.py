"""What a refusal leaves behind: a line that tells it, the grant unspent, and the order of the contract's steps."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signer_service.errors import Refusal
from tests.builders import SUB, a_token
from tests.unit.signer.a_signer import METADATA_KEY, a_client, a_grant, an_identity, an_item, ask


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in (folder / "audit").iterdir() for line in file.read_text().splitlines()]


def a_publication(visibility: str = "public", **more: Any) -> dict[str, Any]:
    named = {name: part for name, part in an_item("publish").items() if name != "expires_at"}
    return {**named, "visibility": visibility} | more


def test_a_log_line_keeps_its_own_names_whoever_a_grant_is_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = a_client(tmp_path)
    assert ask(client, a_grant(caller=None, service="demo"))[0] == 401
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in logged if line["event"] == "grant_refused"]
    assert (line["service"], line["caller_service"]) == ("signer", "demo")


@pytest.mark.parametrize(
    ("missing", "make"), [("reader", an_item), ("remover", lambda: an_item("delete")), ("receipt_keys", a_publication)]
)
def test_without_what_signs_the_grant_stays_unspent_and_nothing_is_told_as_signed(
    tmp_path: Path, missing: str, make: Callable[[], dict[str, Any]]
) -> None:
    client, grant = a_client(tmp_path), a_grant(make())
    held = tmp_path / f"{missing}.json"
    away = held.rename(tmp_path / "away.json")
    status, answer = ask(client, grant)
    assert (status, answer["error"]) == (503, "credentials_unavailable")
    assert [line["event"] for line in lines_of(tmp_path)] == ["refused"]
    away.rename(held)
    assert ask(client, grant)[0] == 200


def test_an_identity_whose_session_has_ended_leaves_the_grant_unspent(tmp_path: Path) -> None:
    client, grant = a_client(tmp_path), a_grant()
    ended = an_identity(session_token="token", expires_at=int(time.time()) - 1)
    (tmp_path / "reader.json").write_text(json.dumps(ended))
    assert ask(client, grant)[1]["error"] == "credentials_unavailable"
    (tmp_path / "reader.json").write_text(json.dumps(an_identity()))
    assert ask(client, grant)[0] == 200


def test_a_frozen_receipt_is_frozen_before_any_proof_is_looked_at(tmp_path: Path) -> None:
    client, now = a_client(tmp_path), int(time.time())
    published = a_publication("signed_in")
    receipt = ask(client, a_grant(published))[1]["items"][0]["receipt"]
    (tmp_path / "freeze.json").write_text(json.dumps({"receipts": [[now - 60, now + 60]]}))
    reading = an_item(owner=SUB, id=published["id"], receipt=receipt)
    status, answer = ask(client, a_grant(reading), a_token(expires_in=-1))
    assert (status, answer["error"]) == (403, "operation_frozen")


def base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


@pytest.mark.parametrize("claims", ["W10", "bnVsbA", "!", ""])  # a list, null, not base64url, nothing
def test_signed_claims_that_are_no_object_are_refused_and_in_the_log(tmp_path: Path, claims: str) -> None:
    client, header = a_client(tmp_path), {"alg": "EdDSA", "typ": "grant+jwt", "kid": "metadata-1"}
    signed = f"{base64url(json.dumps(header).encode())}.{claims}"
    status, answer = ask(client, f"{signed}.{base64url(METADATA_KEY.sign(signed.encode()))}")
    assert status == 400
    assert [(line["event"], line["error"]) for line in lines_of(tmp_path)] == [("refused", answer["error"])]


@pytest.mark.parametrize("target", ["freeze.json", "nowhere"])
def test_a_freeze_list_that_cannot_be_looked_at_freezes_everything(tmp_path: Path, target: str) -> None:
    client = a_client(tmp_path)
    (tmp_path / "freeze.json").symlink_to(tmp_path / target)
    assert ask(client, a_grant())[1]["error"] == "operation_frozen"


def test_a_freeze_list_that_comes_and_goes_while_others_ask_is_never_half_read(tmp_path: Path) -> None:
    client, frozen = a_client(tmp_path), tmp_path / "freeze.json"
    for _ in range(3):
        frozen.write_text('{"owners": []')
        assert ask(client, a_grant())[1]["error"] == "operation_frozen"
        frozen.unlink()
        assert ask(client, a_grant())[0] == 200


def test_every_refusal_has_a_code_and_a_status_of_the_contract() -> None:
    contract = Path("docs/contracts/grant-v1.md").read_text()
    for kind in Refusal.__subclasses__():
        (row,) = [line for line in contract.splitlines() if line.startswith(f"| {kind.status} ") and "`" in line]
        assert f"`{kind.code}`" in row
