"""The real process over its real socket: starting it, asking it, and looking at it from outside."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rendering import USUAL

ROOT = Path(__file__).parents[3]
BOUND_SECONDS = 20.0


def eventually(condition: Callable[[], Any], what: str) -> Any:
    """The condition's first true value, within a bound."""
    end = time.monotonic() + BOUND_SECONDS
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.005)  # between two looks, not instead of one
    raise AssertionError(f"not within {BOUND_SECONDS} s: {what}")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def fields(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def parts(self) -> dict[str, bytes]:
        """The pictures, by name, cut out of the body as X-Parts says."""
        cut, begin = {}, 0
        for part in json.loads(self.headers["X-Parts"]):
            cut[part["name"]] = self.body[begin : begin + part["bytes"]]
            begin += part["bytes"]
        assert begin == len(self.body)
        return cut


class Connection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("image", timeout=60)
        self.path = path

    def connect(self) -> None:
        self.sock = dialled(self.path)


def dialled(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    connection.connect(str(path))
    return connection


class Asked(threading.Thread):
    """A request on its way; `answer` waits for what comes."""

    def __init__(self, ask: Callable[[], Answer]) -> None:
        super().__init__(daemon=True)
        self._ask = ask
        self._outcome: Answer | Exception = AssertionError("not asked")
        self.start()

    def run(self) -> None:
        try:
            self._outcome = self._ask()
        except Exception as error:
            self._outcome = error

    def answer(self) -> Answer:
        self.join(60)
        assert not self.is_alive(), "no answer"
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


@dataclass
class Service:
    process: subprocess.Popen[bytes]
    path: Path
    log: Path
    rules: str = field(default=json.dumps(USUAL))

    @property
    def pid(self) -> int:
        return self.process.pid

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        connection = Connection(self.path)
        with contextlib.closing(connection):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def image(self, content: bytes, lane: str = "alice", **headers: str) -> Answer:
        return self.ask("POST", "/images", content, X_Lane=lane, X_Rules=headers.pop("rules", self.rules), **headers)

    def pdf(self, content: bytes, **headers: str) -> Answer:
        return self.ask("POST", "/pdfs", content, **headers)

    def is_healthy(self) -> bool:
        return self.ask("GET", "/healthz").status == 200

    def raw(self, request: bytes) -> bytes:
        """Everything that comes back for these bytes."""
        with dialled(self.path) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def children(self) -> list[int]:
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def a_busy_child(self, but: Collection[int] = ()) -> int:
        """A child that decodes, none of those, once there is one."""
        busy: list[int] = eventually(
            lambda: [pid for pid in self.children() if pid not in but and cpu_seconds(pid) > 0.2], "a decode"
        )
        return busy[0]

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def cpu_seconds(pid: int) -> float:
    """What a process has used, 0 where it has gone."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def environment(path: Path, **more: str) -> dict[str, str]:
    return {"BIND": f"unix:{path}", "LOG_LEVEL": "debug", **more}


@contextlib.contextmanager
def started(folder: Path, user: int | None = None, **more: str) -> Iterator[Service]:
    """A service that answers; killed at the end where it still runs."""
    path, log = folder / "image.sock", folder / "log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "image_service.app"],
            cwd=ROOT,
            env=environment(path, **more),
            stdout=out,
            stderr=subprocess.STDOUT,
            user=user,
        )
    service = Service(process, path, log)
    try:
        eventually(lambda: "listening" in log.read_text() or process.poll() is not None, "the service's start")
        assert process.poll() is None, log.read_text()
        yield service
    finally:
        process.kill()
        process.wait()
