"""The signer as gunicorn serves it: what it starts with, what its processes show, and many threads of it at once."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from signer_service.replay import ReplayMemory
from tests.builders import a_token
from tests.unit.signer.a_signer import a_grant, an_item, is_chained, write_files

REPOSITORY = Path(__file__).resolve().parents[3]
GUNICORN = [
    sys.executable,
    "-m",
    "gunicorn",
    "-c",
    "signer_service/gunicorn.conf.py",
    "signer_service.app:create_app()",
]
NOBODY = 65_534 if os.geteuid() == 0 else os.geteuid()


class OverSocket(http.client.HTTPConnection):
    """HTTP to a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("signer", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(str(self._path))

    def post(self, grant: str, token: str) -> int:
        body = json.dumps({"grant": grant, "caller_token": token})
        self.request("POST", "/v1/sign", body, {"Content-Type": "application/json"})
        answer = self.getresponse()
        answer.read()
        return answer.status


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Files, code and socket of a signer that runs as nobody, where the tests are root's."""
    place = Path(tempfile.mkdtemp(prefix="cs-"))
    (place / "code").mkdir()
    shutil.copytree(REPOSITORY / "signer_service", place / "code" / "signer_service")
    yield place
    shutil.rmtree(place)


def is_ready(path: Path) -> bool:
    try:
        connection = OverSocket(path)
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def master(folder: Path) -> Iterator[int]:
    """The process id of a gunicorn of two workers with eight threads each, ready."""
    environment = write_files(folder) | {"BIND": f"unix:{folder}/signer.sock", "HOME": str(folder), "PATH": os.defpath}
    memory = ReplayMemory(Path(environment["REPLAY_FILE"]), 600)  # kept open, else its files vanish under chown
    memory.began(time.time() - 60)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, -1)
    served = subprocess.Popen(
        GUNICORN, cwd=folder / "code", env=environment, user=NOBODY, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    end = time.monotonic() + 30
    while not is_ready(folder / "signer.sock"):
        assert served.poll() is None, served.stderr and served.stderr.read()
        assert time.monotonic() < end, "not ready"
    yield served.pid
    served.terminate()
    served.communicate(timeout=30)


def children(master: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def may_be_read(path: str) -> bool:
    """Whether another process of the signer's own user can read it."""
    return subprocess.run(["cat", path], user=NOBODY, capture_output=True, check=False).returncode == 0


def test_s06_another_process_of_its_user_cannot_read_its_environment(master: int) -> None:
    with subprocess.Popen(["sleep", "60"], user=NOBODY) as control:
        assert may_be_read(f"/proc/{control.pid}/environ")
        control.kill()
    processes = [master, *children(master)]
    assert len(processes) == 3
    for process in processes:
        assert not may_be_read(f"/proc/{process}/environ")
        assert not may_be_read(f"/proc/{process}/mem")


def test_it_listens_on_its_own_socket_and_on_no_other(master: int, folder: Path) -> None:
    held = {what for process in (master, *children(master)) for what in open_by(process)}
    rows = [row.split() for row in Path("/proc/net/unix").read_text().splitlines()[1:]]
    listening = {row[7] for row in rows if f"socket:[{row[6]}]" in held and row[5] == "01" and len(row) > 7}
    assert listening == {f"{folder}/signer.sock"}
    assert [path for path in folder.rglob("*") if path.is_socket()] == [folder / "signer.sock"]


def open_by(process: int) -> Iterator[str]:
    """What a process has open; a file that it closes while we look is not among it."""
    for fd in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):
            yield os.readlink(fd)


def test_s07_s23_two_workers_of_eight_threads_spend_each_grant_once_and_keep_their_chains(
    master: int, folder: Path
) -> None:
    grants = [a_grant(an_item(), exp=int(time.time()) + 60) for _ in range(250)]
    tokens = [a_token(jti=str(number)) for number in range(40)]
    own = threading.local()

    def post(number: int) -> int:
        own.connection = getattr(own, "connection", None) or OverSocket(folder / "signer.sock")
        status: int = own.connection.post(grants[number // 2], tokens[number % 40])
        return status

    with ThreadPoolExecutor(16) as people:
        statuses = Counter(people.map(post, range(500)))
    assert statuses == {200: 250, 409: 250}
    files = list((folder / "audit").iterdir())
    assert all(is_chained(file) for file in files)
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    signed = Counter(line["grant"] for line in lines if line["event"] == "signed")
    assert len(signed) == 250
    assert set(signed.values()) == {1}
    assert sum(line["event"] == "refused" for line in lines) == 250


def test_s06_a_wrong_environment_stops_it_at_once_with_every_fault(tmp_path: Path) -> None:
    wrong = {"AWS_REGION": "Mars", "AWS_PROFILE": "canary-value", "BIND": f"unix:{tmp_path}/signer.sock"}
    environment = {**write_files(tmp_path), **wrong, "AUDIT_DIR": "", "PATH": os.defpath}
    stopped = subprocess.run(
        GUNICORN, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert stopped.returncode == 2
    assert [line.split()[1] for line in stopped.stderr.splitlines()] == ["AUDIT_DIR", "AWS_PROFILE", "AWS_REGION"]
    assert "canary-value" not in stopped.stderr + stopped.stdout
