"""What may be wrong with a field, told from its marshmallow field: every JSON type that it is not, and odd texts."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields

Path = tuple[str | int, ...]
"""Where a field is: names of members, and numbers in lists."""

TYPES: dict[str, Any] = {
    "text": "x",
    "digits": "7",
    "a number": 7,
    "a negative number": -1,
    "a huge number": 10**30,
    "a fraction": 1.5,
    "true": True,
    "null": None,
    "a list": [],
    "a list of lists": [[]],
    "an object": {},
    "an object of objects": {"x": {"y": []}},
}
LONG = "a" * 60_000
ODD_TEXTS: dict[str, str] = {
    "nothing": "",
    "spaces": "  ",
    "60,000 characters": LONG,
    "NUL": "a\x00b",
    "a control character": "a\x1bb",
    "DEL": "a\x7fb",
    "C1": "a\x85b",
    "a line's end": "a\nb",
    "a byte order mark": "\ufeffa",
    "right to left": "\u202eabc",
    "emoji": "👩🏽‍🚀",
    "dots": "../..",
    "markup": "<script>alert(1)</script>",
}


@dataclass(frozen=True)
class Place:
    """One field of a request, wherever it is nested. `names`: its members' names, without numbers."""

    path: Path
    field: fields.Field[Any]

    @property
    def name(self) -> str:
        return ".".join(str(step) for step in self.path)

    def put(self, body: Any, value: Any) -> Any:
        """The body with this value here."""
        changed = deepcopy(body)
        inner = changed
        for step in self.path[:-1]:
            inner = inner[step]
        inner[self.path[-1]] = value
        return changed

    def without(self, body: Any) -> Any:
        """The body without this member."""
        changed = deepcopy(body)
        inner = changed
        for step in self.path[:-1]:
            inner = inner[step]
        inner.pop(self.path[-1], None)
        return changed

    def is_named_in(self, faults: Any) -> bool:
        """Whether the `fields` of a refusal say that this is at fault."""
        for step in self.path:
            if isinstance(faults, list):
                return True  # of what it is in
            if not isinstance(faults, Mapping) or str(step) not in faults:
                return False
            faults = faults[str(step)]
        return bool(faults)


def places(schema: Schema, body: Any, before: Path = ()) -> Iterator[Place]:
    """Every field of a schema, and those below it of which `body` has an example."""
    for name, each in schema.fields.items():
        said = each.data_key or name
        yield from _with_those_below(Place((*before, said), each), body.get(said))


def _with_those_below(place: Place, example: Any) -> Iterator[Place]:
    yield place
    each = place.field
    if isinstance(each, fields.Nested) and isinstance(example, Mapping):
        yield from places(each.schema, example, place.path)
    elif isinstance(each, fields.List) and example and isinstance(each.inner, fields.Field):
        yield from _with_those_below(Place((*place.path, 0), each.inner), example[0])
    elif isinstance(each, fields.Dict) and example and each.value_field is not None:
        yield from _with_those_below(Place((*place.path, next(iter(example))), each.value_field), example)


def wrong_types(each: fields.Field[Any]) -> dict[str, Any]:
    """Values of every JSON type that the field is not."""
    taken = {"null"} if each.allow_none else set()
    if isinstance(each, fields.String | fields.UUID):
        taken |= {"text", "digits"}  # what is in a text is another question
    elif isinstance(each, fields.Integer):
        taken |= {"a number", "a negative number"}
    elif isinstance(each, fields.Boolean):
        taken |= {"true"}
    elif isinstance(each, fields.List):
        taken |= {"a list"} | ({"a list of lists"} if isinstance(each.inner, fields.Raw) else set())
    elif isinstance(each, fields.Dict | fields.Nested):
        taken |= {"an object", "an object of objects"}
    elif isinstance(each, fields.Raw):
        taken |= set(TYPES)
    return {name: value for name, value in TYPES.items() if name not in taken}
