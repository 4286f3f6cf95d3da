"""What each process is given: the names that `deploy/env/<process>.env.example` lists, and a few of the system's.

A line `# secret` right above a name marks one whose value is a secret, or the path of one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LISTS = Path(__file__).resolve().parent.parent / "deploy" / "env"
ASSIGNMENT = re.compile(r"([A-Z][A-Z0-9_]*)=(.*)")


class UnlistedVariable(ValueError):
    """A process was to be given a variable that its list does not name."""


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    default: str
    is_secret: bool


def listed(process: str) -> list[Variable]:
    """The variables of a process, in the order of its list."""
    path = LISTS / f"{process}.env.example"
    variables = []
    comments: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            comments.append(line.strip("# "))
        elif found := ASSIGNMENT.fullmatch(line.strip()):
            variables.append(Variable(found[1], found[2], is_secret="secret" in comments))
            comments = []
        elif not line.strip():
            comments = []
        else:
            raise ValueError(f"{path}: neither a comment nor NAME=value: {line!r}")
    return variables


def of(process: str, values: Mapping[str, object]) -> dict[str, str]:
    """The list's defaults with these values in their place. Raises UnlistedVariable."""
    environment = {variable.name: variable.default for variable in listed(process)}
    if unlisted := sorted(set(values) - set(environment)):
        raise UnlistedVariable(f"deploy/env/{process}.env.example does not list {', '.join(unlisted)}")
    return environment | {name: str(value) for name, value in values.items()}


def of_the_system(interpreter: Path, code: Path | None) -> dict[str, str]:
    """What a process needs besides: where programs are, and its own copy of the code where it is Python."""
    system = {"PATH": f"{interpreter.parent}:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    if code is None:
        return system
    return system | {"PYTHONPATH": str(code), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
