"""The handles of the local stack, read from the environment once; every fault is reported at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PORTS = {"GATEWAY_PORT": 8080, "INTERNAL_PORT": 8081, "ENGINE_PORT": 4566}
UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")


class BadSettings(ValueError):
    """What is wrong with the environment, a sentence a fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Settings:
    """What `make run` was asked for. Ports are on 127.0.0.1; `rate_limit` is requests a second, or `off`."""

    gateway_port: int
    internal_port: int
    engine_port: int
    state_dir: Path
    rate_limit: str
    kinds_file: Path | None
    clamd_socket: str
    cors_origins: tuple[str, ...]

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"

    @property
    def internal_url(self) -> str:
        return f"http://127.0.0.1:{self.internal_port}"

    @property
    def engine_url(self) -> str:
        return f"http://127.0.0.1:{self.engine_port}"


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Read the handles; a name that is set to nothing counts as not set. Raises BadSettings."""
    faults: list[str] = []
    ports = {name: _port(name, environ.get(name) or str(default), faults) for name, default in PORTS.items()}
    if len(set(ports.values())) < len(ports):
        faults.append(f"{', '.join(ports)} must differ from each other, and are {list(ports.values())}.")
    settings = Settings(
        gateway_port=ports["GATEWAY_PORT"],
        internal_port=ports["INTERNAL_PORT"],
        engine_port=ports["ENGINE_PORT"],
        state_dir=state_dir(environ),
        rate_limit=_rate_limit(environ.get("RATE_LIMIT") or "50", faults),
        kinds_file=_kinds_file(environ.get("KINDS_FILE") or "", faults),
        clamd_socket=_clamd_socket(environ.get("CLAMD_SOCKET") or "", faults),
        cors_origins=_origins(environ.get("CORS_ORIGINS") or "", ports["GATEWAY_PORT"], faults),
    )
    if faults:
        raise BadSettings(faults)
    return settings


def state_dir(environ: Mapping[str, str]) -> Path:
    """The folder that keeps a stack's state, without links; below the repository where it is relative."""
    return (REPOSITORY / (environ.get("STATE_DIR") or ".local")).resolve()


def _port(name: str, text: str, faults: list[str]) -> int:
    lowest = int(UNPRIVILEGED.read_text()) if UNPRIVILEGED.exists() else 1024
    port = int(text) if re.fullmatch(r"[0-9]{1,5}", text) else 0
    if not max(lowest, 1) <= port <= 65535:
        faults.append(f"{name} must be a port from {lowest} to 65535 (no process runs as root), and is {text!r}.")
    return port


def _rate_limit(text: str, faults: list[str]) -> str:
    if text != "off" and not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        faults.append(f"RATE_LIMIT must be requests a second, from 1 to 999999, or 'off', and is {text!r}.")
    return text


def _kinds_file(text: str, faults: list[str]) -> Path | None:
    if not text:
        return None
    path = (REPOSITORY / text).resolve()
    if not path.is_file():
        faults.append(f"KINDS_FILE must be a file, and there is none at {path}.")
    return path


def _clamd_socket(text: str, faults: list[str]) -> str:
    if text and not Path(text).is_socket():
        faults.append(f"CLAMD_SOCKET must be clamd's unix socket, and there is none at {text!r}.")
    return text and str(Path(text).resolve())


def _origins(text: str, gateway_port: int, faults: list[str]) -> tuple[str, ...]:
    if not text:
        own = (f"http://localhost:{gateway_port}", f"http://127.0.0.1:{gateway_port}")
        return tuple(dict.fromkeys(("http://localhost:3000", "http://localhost:8080", *own)))
    origins = tuple(part.strip() for part in text.split(",") if part.strip())
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            faults.append(f"CORS_ORIGINS must list origins such as https://example.org, and has {origin!r}.")
    return origins
