"""Files that change while the signer runs: keys, identities, services, the freeze list, and what fetches keys."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signer_service import fetch_keys, proofs
from tests.builders import a_jwk, a_token, issuer_key, write_jwks
from tests.unit.signer.a_signer import a_client, a_grant, an_identity, an_item, ask, grant_jwk, sweep


def replace(path: Path, content: object) -> None:
    """Put new content in place in one step, as whoever rotates a key does."""
    fresh = path.with_suffix(".fresh")
    fresh.write_text(content if isinstance(content, str) else json.dumps(content))
    os.replace(fresh, path)


def test_s24_grant_keys_rotate_with_no_refused_grant(tmp_path: Path) -> None:
    client, fresh = a_client(tmp_path), Ed25519PrivateKey.generate()
    both = [grant_jwk("metadata"), grant_jwk("metadata", fresh, "metadata-2")]
    replace(tmp_path / "grant_keys.json", {"keys": both})
    assert ask(client, a_grant())[0] == 200
    assert ask(client, a_grant(key=fresh, kid="metadata-2"))[0] == 200
    replace(tmp_path / "grant_keys.json", {"keys": both[1:]})
    assert ask(client, a_grant())[0] == 401
    assert ask(client, a_grant(key=fresh, kid="metadata-2"))[0] == 200


@pytest.mark.parametrize(
    "spoiled",
    ["", "{", "[]", '{"keys": [{"kty": "OKP"}]}', '{"keys": {}}', json.dumps({"keys": [grant_jwk("metadata")] * 2})],
)
def test_a_slip_in_the_grant_keys_leaves_the_last_good_ones_in_force(tmp_path: Path, spoiled: str) -> None:
    client = a_client(tmp_path)
    assert ask(client, a_grant())[0] == 200
    replace(tmp_path / "grant_keys.json", spoiled)
    assert ask(client, a_grant())[0] == 200


def test_a_private_grant_key_is_never_taken(tmp_path: Path) -> None:
    client = a_client(tmp_path)
    private = grant_jwk("metadata") | {"d": "AAAA"}
    replace(tmp_path / "grant_keys.json", {"keys": [private]})
    assert client.get("/readyz").get_json()["checks"]["grant_keys"] == "missing"


def test_s24_an_identity_is_replaced_while_it_signs(tmp_path: Path) -> None:
    client = a_client(tmp_path)
    assert "AKIAEXAMPLEEXAMPLE00" in ask(client, a_grant())[1]["items"][0]["url"]
    replace(tmp_path / "reader.json", an_identity("AKIAEXAMPLEEXAMPLE01"))
    assert "AKIAEXAMPLEEXAMPLE01" in ask(client, a_grant())[1]["items"][0]["url"]


def test_a_missing_identity_is_503_and_named_by_readyz(tmp_path: Path) -> None:
    client = a_client(tmp_path)
    (tmp_path / "remover.json").write_text("{}")
    status, answer = sweep(client)
    assert (status, answer["error"]) == (503, "credentials_unavailable")
    assert client.get("/readyz").get_json()["checks"]["remover"] == "missing"


def test_s24_the_issuers_keys_rotate_and_what_was_remembered_goes_with_them(tmp_path: Path) -> None:
    client = a_client(tmp_path)
    old, new = a_token(), a_token(key=issuer_key(number=2), kid="issuer-2")
    assert ask(client, a_grant(), old)[0] == 200
    assert ask(client, a_grant(), new)[0] == 401
    replace(tmp_path / "token_keys.json", {"keys": [a_jwk(issuer_key(number=2), "issuer-2")]})
    assert ask(client, a_grant(), new)[0] == 200
    assert ask(client, a_grant(), old)[0] == 401


def test_without_the_issuers_keys_it_is_503(tmp_path: Path) -> None:
    client = a_client(tmp_path)
    (tmp_path / "token_keys.json").unlink()
    status, answer = ask(client, a_grant())
    assert (status, answer["error"]) == (503, "caller_keys_unavailable")


def test_a_frozen_owner_is_frozen_at_once_and_thawed_again(tmp_path: Path) -> None:
    client, item = a_client(tmp_path), an_item()
    assert ask(client, a_grant(item))[0] == 200
    replace(tmp_path / "freeze.json", {"owners": [item["owner"]]})
    assert ask(client, a_grant(item))[1]["error"] == "operation_frozen"
    (tmp_path / "freeze.json").unlink()
    assert ask(client, a_grant(item))[0] == 200


@pytest.mark.parametrize(
    "spoiled", ["", "[]", '{"owner": ["x"]}', '{"owners": "x"}', '{"grants_before": "1"}', '{"receipts": [[1]]}', "{"]
)
def test_a_freeze_list_that_cannot_be_understood_freezes_everything(tmp_path: Path, spoiled: str) -> None:
    client = a_client(tmp_path)
    replace(tmp_path / "freeze.json", spoiled)
    assert ask(client, a_grant())[1]["error"] == "operation_frozen"


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """An issuer's JWKS endpoint that answers what `answer` holds."""
    answer: dict[str, Any] = {"body": write_jwks(tmp_path / "issuer.json").read_bytes()}

    class Endpoint(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server calls
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer["body"])

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield answer | {"url": f"http://127.0.0.1:{server.server_port}/jwks.json", "held": answer}
    server.shutdown()
    server.server_close()


def test_r09_the_keys_job_writes_what_the_issuer_publishes_and_only_what_changed(
    issuer: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "keys.json"
    assert fetch_keys.write(path, fetch_keys.fetch(issuer["url"]))
    assert not fetch_keys.write(path, fetch_keys.fetch(issuer["url"]))
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"keys": []}', b"x" * 300_000])
def test_r09_an_issuer_that_answers_anything_else_changes_nothing(issuer: dict[str, Any], body: bytes) -> None:
    issuer["held"]["body"] = body
    with pytest.raises((ValueError, OSError)):
        fetch_keys.fetch(issuer["url"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_r09_the_keys_job_writes_goes_on_after_rubbish_and_stops_when_told(
    issuer: dict[str, Any], tmp_path: Path, number: signal.Signals
) -> None:
    path, good = tmp_path / "keys.json", issuer["held"]["body"]
    issuer["held"]["body"] = b'{"keys": 7}'
    environment = {"PATH": os.defpath, "TOKEN_JWKS_URL": issuer["url"], "TOKEN_KEYS_FILE": str(path)}
    command = [sys.executable, "-m", "signer_service.fetch_keys"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as job:
        assert job.stdout is not None
        assert json.loads(job.stdout.readline())["event"] == "keys_not_fetched: TypeError"
        issuer["held"]["body"] = good
        assert json.loads(job.stdout.readline())["event"] == "keys_changed"
        job.send_signal(number)
        assert job.wait(10) == 0
    assert path.read_bytes() == good


def test_s06_the_keys_job_holds_no_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "canary")
    with pytest.raises(SystemExit) as refused:
        fetch_keys.KeysConfig.from_environment()
    assert refused.value.code == 2


def test_s02_what_is_remembered_of_a_token_is_not_the_token(tmp_path: Path) -> None:
    client, token = a_client(tmp_path), a_token()
    assert ask(client, a_grant(), token)[0] == 200
    assert proofs._remembered
    kept = repr(proofs._remembered)
    assert not [part for part in token.split(".") if part in kept]
