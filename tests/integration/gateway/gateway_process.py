"""The gateway as it is run: rendered from an environment, nginx in the foreground, as a user of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[3]
NGINX = os.environ.get("COUNTERSIGN_NGINX") or shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
SOMEBODY = 54321  # a uid that owns nothing else
BOUND_SECONDS = 10.0


def free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def eventually(condition: Callable[[], bool], what: str, seconds: float = BOUND_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def short_folder() -> Path:
    """A folder whose path is short enough for unix sockets, and open to nginx's user."""
    folder = Path(tempfile.mkdtemp(prefix="cs-gw-", dir="/tmp"))
    folder.chmod(0o755)
    return folder


def run_as_somebody() -> dict[str, Any]:
    return {"user": SOMEBODY, "group": SOMEBODY, "extra_groups": []} if os.getuid() == 0 else {}


def render(environment: Mapping[str, str], *arguments: str, source: Path = REPOSITORY / "gateway") -> Any:
    command = ["sh", str(source / "render.sh"), *arguments]
    system = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    return subprocess.run(command, env=system | dict(environment), capture_output=True, text=True, check=False)


class Gateway:
    """One running gateway. `edits` replace text in what was rendered, to shorten a timer."""

    def __init__(self, upstream: str, edits: Mapping[str, str] | None = None, **variables: str) -> None:
        self.folder = short_folder()
        self.source = self.folder / "gateway"
        shutil.copytree(REPOSITORY / "gateway", self.source)
        self.rendered = self.folder / "rendered"
        self.rendered.mkdir(mode=0o755)
        self.port, self.internal_port = free_ports(2)
        self.log_file = self.folder / "log"
        self.variables = {
            "GATEWAY_LISTEN": f"127.0.0.1:{self.port}",
            "INTERNAL_LISTEN": f"127.0.0.1:{self.internal_port}",
            "METADATA_UPSTREAM": upstream,
            "SIGNER_UPSTREAM": upstream,
            "RATE_LIMIT": "off",
            "CORS_ORIGINS": "https://app.example.org,http://localhost:3000",
            **variables,
        }
        self._start(edits or {})

    def _start(self, edits: Mapping[str, str]) -> None:
        done = render(self.variables, str(self.rendered), source=self.source)
        assert done.returncode == 0, done.stderr
        for old, new in edits.items():
            self._edit(old, new)
        if os.getuid() == 0:
            for path in [self.rendered, *self.rendered.rglob("*")]:
                os.chown(path, SOMEBODY, SOMEBODY)
        with self.log_file.open("wb") as log:
            if os.getuid() == 0:
                os.fchown(log.fileno(), SOMEBODY, SOMEBODY)
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd="/", **run_as_somebody())
        eventually(self._listens, f"nginx listens; {self.log_file.read_text()}")

    def command(self, *more: str) -> list[str]:
        assert NGINX, "there is no nginx"
        configuration = str(self.rendered / "nginx.conf")
        return [NGINX, "-e", "stderr", "-p", str(self.rendered), "-c", configuration, "-g", "daemon off;", *more]

    def _edit(self, old: str, new: str) -> None:
        edited = 0
        for path in self.rendered.rglob("*.conf"):
            text = path.read_text()
            if old in text:
                path.write_text(text.replace(old, new))
                edited += 1
        assert edited, f"nothing rendered says {old!r}"

    def _listens(self) -> bool:
        assert self.process.poll() is None, self.log_file.read_text()
        try:
            for port in (self.port, self.internal_port):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            return False
        return True

    def log_lines(self) -> list[dict[str, Any]]:
        """The access log; nginx's own complaints are not JSON."""
        return [json.loads(line) for line in self.log_file.read_text().splitlines() if line.startswith("{")]

    def logged(self, request_id: str) -> dict[str, Any]:
        """The line about a request; it is written after the answer has left."""
        found: list[dict[str, Any]] = []

        def is_there() -> bool:
            found[:] = [line for line in self.log_lines() if line["request_id"] == request_id]
            return bool(found)

        eventually(is_there, f"a log line with {request_id}")
        return found[0]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(BOUND_SECONDS)
        finally:
            self.process.kill()
            self.process.wait()
            shutil.rmtree(self.folder)
