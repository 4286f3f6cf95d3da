"""docker-compose.yml and the Dockerfiles, read for the tests beside this file."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
OURS = ("keys", "signer_service", "image_service", "metadata_service", "sweeper", "gateway")
RUNNING = ("engine", *OURS)


@cache
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))
    return read


def service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"][name]
    return found


def environment(name: str) -> dict[str, str]:
    given: dict[str, str] = service(name)["environment"]
    return given


def volumes(name: str) -> dict[str, tuple[str, bool]]:
    """Each volume's place in the container, and whether it can be written there."""
    mounts = [mount.split(":") for mount in service(name).get("volumes", [])]
    return {volume: (place, options != ["ro"]) for volume, place, *options in mounts}


def dockerfile(name: str) -> list[str]:
    """The instructions of a service's Dockerfile, continued lines joined."""
    text = (REPOSITORY / service(name)["build"]["dockerfile"]).read_text(encoding="utf-8")
    joined = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", text))
    return [line for line in joined.splitlines() if line]
