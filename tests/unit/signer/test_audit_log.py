"""The audit log: a line before every URL, chained; and no URL without one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from signer_service.audit import AuditLog
from signer_service.errors import AuditUnavailable
from tests.unit.signer.a_signer import a_client, a_grant, an_item, ask, is_chained


def lines_of(folder: Path) -> list[dict[str, Any]]:
    (file,) = folder.iterdir()
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_s23_every_signature_leaves_one_line_that_tells_it(tmp_path: Path) -> None:
    client, item = a_client(tmp_path), an_item()
    status, answer = ask(client, a_grant(item))
    assert status == 200
    line = lines_of(tmp_path / "audit")[-1]
    assert {name: line[name] for name in ("chain", "seq", "hash")} == answer["audit"]
    (told,) = line["items"]
    assert told["op"] == "get"
    assert told["object_key"] == f"users/{item['owner']}/profile/{item['id']}.jpg"
    assert told["expires_at"] == item["expires_at"]


def test_s23_a_changed_removed_or_moved_line_shows(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    for number in range(4):
        log.record("signed", {"number": number})
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes().splitlines(keepends=True)
    assert is_chained(file)
    for spoiled in (
        [whole[0], whole[1].replace(b'"number":1', b'"number":7'), *whole[2:]],
        [whole[0], *whole[2:]],
        [whole[0], whole[2], whole[1], whole[3]],
    ):
        file.write_bytes(b"".join(spoiled))
        assert not is_chained(file)


def test_s23_a_grant_refused_after_its_signature_held_is_in_the_log(tmp_path: Path) -> None:
    client = a_client(tmp_path)
    status, _ = ask(client, a_grant(aud="countersign-signer/b"))
    assert status == 401
    line = lines_of(tmp_path / "audit")[-1]
    assert (line["event"], line["error"], line["kid"]) == ("refused", "invalid_grant", "metadata-1")


def test_s06_no_secret_reaches_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    client = a_client(tmp_path)
    ask(client, a_grant())
    ask(client, a_grant(an_item(owner="somebody-else")))
    written = capsys.readouterr().out + json.dumps(lines_of(tmp_path / "audit"))
    assert "canary-of-an-s3-secret" not in written
    assert "X-Amz-Signature" not in written
    assert "eyJ" not in written  # how every token begins


def test_r15_without_an_audit_log_nothing_is_signed_and_it_recovers(tmp_path: Path) -> None:
    client = a_client(tmp_path)
    assert ask(client, a_grant())[0] == 200
    (tmp_path / "audit").rename(tmp_path / "elsewhere")
    status, answer = ask(client, a_grant())
    assert (status, answer["error"]) == (503, "audit_unavailable")
    assert client.get("/readyz").status_code == 503
    (tmp_path / "elsewhere").rename(tmp_path / "audit")
    assert client.get("/readyz").status_code == 200
    assert ask(client, a_grant())[0] == 200


FILL = """
import os, resource, signal, sys
from pathlib import Path
from signer_service.audit import AuditLog
from signer_service.errors import AuditUnavailable
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log, folder = AuditLog(Path(sys.argv[1])), Path(sys.argv[1])
log.record("signed", {"number": 0})
(file,) = folder.iterdir()
resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 40, resource.RLIM_INFINITY))
try:
    log.record("signed", {"number": 1})
    sys.exit("a line was written past the end of the disk")
except AuditUnavailable:
    pass
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.record("signed", {"number": 2})
"""


def test_r15_a_disk_that_fills_up_in_mid_line_leaves_no_half_line(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", FILL, str(tmp_path)], check=True, timeout=30)
    assert [line.get("number") for line in lines_of(tmp_path)] == [0, 2]
    assert all(is_chained(file) for file in tmp_path.iterdir())


def test_a_forked_worker_begins_a_chain_of_its_own(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.record("signed", {})
    child = os.fork()
    if child == 0:
        log.record("signed", {})
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    log.record("signed", {})
    assert sorted(len(file.read_text().splitlines()) for file in tmp_path.iterdir()) == [1, 2]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(AuditUnavailable):
        AuditLog(tmp_path / "nowhere").record("signed", {})
