"""The embedded engine's process: its command, its environment, and when it is ready.

The engine (ministack) stands in for S3, DynamoDB, IAM, CloudFormation and the user pool. It lives in a virtual
environment of its own, behind `guard.py`, which runs in that environment and is what listens on the port.
"""

import http.client
import os
import secrets
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

REGION = "us-east-1"
ACCOUNT_ID = "000000000000"
GUARD = Path(__file__).with_name("guard.py")

# What is not named here the engine still imports on demand; the guard lets no request through to it.
SERVICES = ("s3", "dynamodb", "iam", "sts", "cognito-idp", "cloudformation", "cloudwatch", "cloudfront")


class EngineNotReady(Exception):
    """The engine ended, or did not answer in time; the message says which, and what it last wrote."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An AWS access key pair."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


def new_root_credentials() -> AccessKey:
    """A random key pair for the engine's root, of the shape that the guard insists on."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return AccessKey("AKIA" + "".join(secrets.choice(letters) for _ in range(16)), secrets.token_urlsafe(30))


@dataclass(slots=True)
class Engine:
    """One engine on one loopback port, with its state in one folder.

    `hosts` are further names under which clients may address it, such as a container's. `bind` is the address to
    listen on: loopback, except inside a container of its own.
    """

    port: int
    state_dir: Path
    venv: Path
    root_credentials: AccessKey
    hosts: tuple[str, ...] = ()
    bind: str = "127.0.0.1"
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        """The engine's address, for S3 (path style), DynamoDB and everything else."""
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """The command line. `-I`, so that no module of ours can stand in for one of the library's."""
        return [str(self.venv / "bin" / "python"), "-I", str(GUARD)]

    def environment(self) -> dict[str, str]:
        """Every variable that the engine is started with; it needs no other."""
        return {
            "PATH": os.defpath,
            "AUTH": "true",
            "BIND_HOST": self.bind,
            "GATEWAY_PORT": str(self.port),
            "GUARD_HOSTS": ",".join(("localhost", "127.0.0.1", *self.hosts)),
            "AWS_ACCESS_KEY_ID": self.root_credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.root_credentials.secret_access_key,
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
            "SERVICES": ",".join(SERVICES),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.state_dir / "objects"),
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.state_dir / "state"),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            # No docker daemon is ever asked for anything.
            "DOCKER_HOST": "unix:///nonexistent",
        }

    def prepare(self) -> None:
        """Make the state folder, for its owner alone: the engine writes its files readable for everyone."""
        for folder in (self.state_dir, self.state_dir / "objects", self.state_dir / "state"):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)

    def start(self, output: IO[bytes] | None = None) -> None:
        """Start the process; its output goes to `output`, or to this process's own."""
        self.prepare()
        self._process = subprocess.Popen(
            self.command(), env=self.environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )

    def wait_ready(self, timeout: float = 20.0) -> None:
        """Return once the guard answers; raises EngineNotReady when the process ends or `timeout` seconds pass."""
        deadline = time.monotonic() + timeout
        while not self._answers():
            if self._process is not None and self._process.poll() is not None:
                raise EngineNotReady(f"the engine ended with status {self._process.returncode}")
            if time.monotonic() > deadline:
                raise EngineNotReady(f"the engine did not answer on port {self.port} within {timeout} s")
            time.sleep(0.02)

    def stop(self, timeout: float = 10.0) -> None:
        """Stop the process as an operator would; it saves its state first. Stopping twice is harmless."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End the process as a crash would, with nothing saved."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", "/")
            # The guard refuses an unsigned request by name: so it is the guard, and it is up.
            return connection.getresponse().getheader("x-refused-by") == "guard"
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
