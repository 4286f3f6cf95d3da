"""Real answers of a running stack, which `take_examples` wrote into `examples.json`."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final, NotRequired, TypedDict

NAME: Final = "examples.json"


class Example(TypedDict):
    """One question and its answer. `name`: the error's code, or what is special about it."""

    name: str
    status: int
    asked: NotRequired[dict[str, Any]]
    answered: NotRequired[dict[str, Any]]
    location: NotRequired[str]


@cache
def all_of_them() -> dict[str, list[Example]]:
    """The examples of each route, by Flask's endpoint."""
    found: dict[str, list[Example]] = json.loads(files(__package__).joinpath(NAME).read_text("utf-8"))
    return found


def of(endpoint: str, status: int) -> list[Example]:
    """What a route answered with this status."""
    return [example for example in all_of_them().get(endpoint, ()) if example["status"] == status]


def of_refusal(code: str) -> list[Example]:
    """The first time that any route answered with this code, if one did."""
    found = (example for examples in all_of_them().values() for example in examples if example["name"] == code)
    return [example for example in found if example["status"] >= 400][:1]
