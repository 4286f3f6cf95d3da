"""Whether metadata is up, what it depends on, and how it answers what is not there."""

import json
from pathlib import Path

import pytest

from tests.integration.uploads_stack import Person, Stack, a_picture, make_app, wait_until


def test_it_is_up_and_ready(alice: Person) -> None:
    assert alice.look("/healthz").json == {"status": "ok"}
    answer = alice.look("/readyz")
    assert answer.status_code == 200, answer.text
    assert answer.json["dependencies"] == dict.fromkeys(["dynamodb", "signer", "decoder", "token_keys"], "ok")


@pytest.mark.parametrize(
    ("name", "variable", "value"),
    [
        ("dynamodb", "TABLE_PREFIX", "no-such-"),
        ("dynamodb", "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
        ("signer", "SIGNERS", "a=unix:/nonexistent"),
        ("decoder", "IMAGE_SOCKET", "/nonexistent"),
        ("token_keys", "TOKEN_JWKS", "/nonexistent"),
        ("virus_scanner", "CLAMD_SOCKET", "/nonexistent"),
    ],
)
def test_it_names_what_it_cannot_reach(stack: Stack, name: str, variable: str, value: str) -> None:
    client = make_app(stack.metadata_environment | {variable: value}).test_client()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (503, "unavailable")
    assert [each for each, state in answer.json["dependencies"].items() if state != "ok"] == [name]
    assert client.get("/healthz").status_code == 200


def test_r07_without_the_signer_records_are_read(alice: Person, stack: Stack, name: str) -> None:
    alice.ask("POST", "/profiles", json={"username": name, "title": "x"})
    away = make_app(stack.metadata_environment | {"SIGNERS": "a=unix:/nonexistent"}).test_client()
    alone = Person(alice.sub, stack, away)
    for answer in (alone.ask("GET", f"/profiles/{name}"), away.get(f"/profiles/{name}")):
        assert (answer.status_code, answer.json["title"]) == (200, "x")
    assert alone.ask("GET", "/users/me").status_code == 200
    assert alone.ask("GET", "/links").status_code == 200
    assert alone.ask("POST", "/profiles", json={"username": name, "title": "y"}).status_code == 200


def test_a_request_id_is_taken_where_it_is_one_and_is_in_the_log(
    alice: Person, capsys: pytest.CaptureFixture[str], stack: Stack
) -> None:
    client = make_app(stack.metadata_environment).test_client()
    answer = client.get("/healthz?secret=canary-1c9e", headers={"X-Request-Id": "my-request.1"})
    assert answer.headers["X-Request-Id"] == "my-request.1"
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["service"], line["event"], line["request_id"]) == ("metadata", "request", "my-request.1")
    assert (line["route"], line["status"], line["level"]) == ("/healthz", 200, "INFO")
    assert "canary" not in json.dumps(line)
    for odd in ("a b", "a" * 65, 'x"y', "ü"):
        made = client.get("/healthz", headers={"X-Request-Id": odd}).headers["X-Request-Id"]
        assert made != odd
        assert len(made) == 36


def test_the_request_id_leads_to_the_signers_audit_and_the_decoders_log(alice: Person, stack: Stack) -> None:
    begun = alice.upload(a_picture())
    request_id = f"trace-{begun['upload_id'][:8]}"
    headers = {"Authorization": f"Bearer {stack.token(alice.sub)}", "X-Request-Id": request_id}
    done = alice.client.post(f"/uploads/{begun['upload_id']}/complete", json={}, headers=headers)
    assert done.status_code == 200, done.text

    def lines(*paths: Path) -> int:
        return sum(f'"{request_id}"' in line for path in paths for line in path.read_text().splitlines())

    audits = [path for path in (stack.folder / "audit").rglob("*") if path.is_file()]
    assert lines(*audits) == 2
    wait_until(lambda: lines(stack.folder / "images.log") == 1, 5, "the decoder's line")


def test_what_is_not_there_is_said_in_json(alice: Person) -> None:
    missing = alice.look("/nothing")
    assert (missing.status_code, missing.json["error"]) == (404, "not_found")
    wrong = alice.look("/links", "PUT")
    assert (wrong.status_code, wrong.json["error"]) == (405, "method_not_allowed")
    assert "POST" in wrong.headers["Allow"]
    large = alice.ask("POST", "/profiles", data=b"x" * 70_000)
    assert (large.status_code, large.json["error"]) == (413, "payload_too_large")
    odd = alice.client.get("/profiles//x", headers={"Host": "evil.example"})
    assert odd.status_code == 404
    assert "Location" not in odd.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/profiles/nobody-at-all", 404),
        ("GET", "/profiles/nobody-at-all/avatar", 404),
        ("GET", "/media/users/nobody/photos/x.jpg", 404),
        ("GET", "/profiles", 400),
        ("GET", "/users/me", 401),
        ("POST", "/upload-url", 401),
        ("PUT", "/links", 405),
    ],
)
def test_no_cache_keeps_a_refusal(alice: Person, method: str, path: str, status: int) -> None:
    answer = alice.look(path, method)
    assert (answer.status_code, answer.headers.get("Cache-Control")) == (status, "no-store")


def test_a_wrong_grant_key_or_kind_ends_the_start_with_2(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kinds.toml").write_text("[photo]\n")
    for variable, path in (("GRANT_KEY_FILE", tmp_path / "none.json"), ("KINDS_FILE", tmp_path / "kinds.toml")):
        with pytest.raises(SystemExit) as ended:
            make_app(stack.metadata_environment | {variable: str(path)})
        assert ended.value.code == 2
        assert "metadata_service:" in capsys.readouterr().err
