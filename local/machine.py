"""What this machine must have for a stack, and where it is: the programs, and folders that other users may enter."""

import os
import shutil
import subprocess  # nosec: our own script
import sys
from dataclasses import dataclass
from pathlib import Path

BOOTSTRAP = Path(__file__).with_name("bootstrap.sh")


class Unsuitable(Exception):
    """A stack cannot be run like this; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The engine's environment, and nginx. The services' Python is the one that runs us."""

    engine_venv: Path
    nginx: Path


def programs() -> Programs:
    """Find what `make run` brought, or what stands where it would. Raises Unsuitable."""
    venv = Path(os.environ.get("COUNTERSIGN_ENGINE_VENV") or _place_of("engine"))
    nginx = os.environ.get("COUNTERSIGN_NGINX") or shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not (venv / "bin" / "python").exists():
        raise Unsuitable(f"the engine's environment is not at {venv}: `make run` makes it")
    if not nginx:
        raise Unsuitable("there is no nginx: `make run` brings one")
    for path in (Path(sys.prefix), Path(sys.base_prefix), venv):
        if os.getuid() == 0 and not is_open_to_all(path):
            raise Unsuitable(
                f"other users cannot enter {path}, and every process is one: `make run` finds another place"
            )
    return Programs(venv, Path(nginx))


def is_open_to_all(folder: Path) -> bool:
    """True where every user may enter the folder and all those above it."""
    real = folder.resolve()
    return all(path.stat().st_mode & 0o001 for path in (real, *real.parents))


def _place_of(environment: str) -> str:
    found = subprocess.run(["sh", str(BOOTSTRAP), "--where", environment], capture_output=True, check=True, text=True)
    return found.stdout.strip()
