"""What operations refer to: schemes, headers, shared refusals, and schemas by their names, with what they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apispec import APISpec
from marshmallow import Schema, fields

from ...schemas import text
from ...schemas.internal import SignGet, SignPut
from ...schemas.links import IGNORED as IGNORED_OF_LINKS
from ...schemas.links import PostLink
from ...schemas.profiles import IGNORED as IGNORED_OF_PROFILES
from ...schemas.profiles import PostProfile
from . import answers, refusals
from .refusals import sentence

SCHEMES: Final = {
    "person": "The person's access token, by the configured issuer; no ID token.",
    "service": "An internal service's own token: EdDSA, 60 s at most, with the scope that the route asks for.",
}
HEADERS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "Retry-After": ("Seconds after which asking again may work.", {"type": "integer", "minimum": 0}),
    "WWW-Authenticate": ("RFC 6750 §3.", {"type": "string"}),
    "X-Upload-Id": ("The upload's id, as in the body.", {"type": "string", "format": "uuid"}),
    "Cache-Control": ("For how long the redirect may be kept, and by whom.", {"type": "string"}),
}
IGNORED: Final[Mapping[type[Schema], frozenset[str]]] = {PostLink: IGNORED_OF_LINKS, PostProfile: IGNORED_OF_PROFILES}
_FORMATS: Final = {text.is_url: "uri", text.is_email: "email"}


def describe(spec: APISpec) -> None:
    """Put all that operations refer to by name into the description."""
    for name, description in SCHEMES.items():
        scheme = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": description}
        spec.components.security_scheme(name, scheme)
    for name, (description, schema) in HEADERS.items():
        spec.components.header(name, {"description": description, "schema": schema})
    spec.components.schema("Error", schema=answers.Error)
    for named in (SignGet, SignPut, answers.OpenedObject):  # named in places that apispec does not read
        spec.components.schema(named.__name__, schema=named)
    for name, response in refusals.shared().items():
        spec.components.response(name, response)


def name_of(schema: type[Schema] | Schema) -> str:
    """The name of a schema: its class's; of a module's private one, with the module's before it."""
    made_by = schema if isinstance(schema, type) else type(schema)
    name = made_by.__name__
    return made_by.__module__.rpartition(".")[2].capitalize() + name[1:] if name.startswith("_") else name


def rule_of(_: object, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    """What apispec does not know of a field's rules: the format of our own ones, and how many an object may have."""
    found: dict[str, Any] = {}
    for rule in field.validators:
        if rule in _FORMATS:
            found["format"] = _FORMATS[rule]
    if isinstance(field, fields.Dict) and "maxLength" in ret:
        found["maxProperties"] = ret.pop("maxLength")
    return found


def complete(described: dict[str, Any], schema: type[Schema]) -> None:
    """Put right what apispec leaves out or overdoes.

    The docstring; that an answer may have more; the fields that a schema takes and drops before it loads.
    """
    if sentence(schema):
        described["description"] = sentence(schema)
    if issubclass(schema, answers.Strict):
        del described["additionalProperties"]
    for name in sorted(IGNORED.get(schema, ())):
        described["properties"][name] = {"description": "Ignored: answers have it, and may be posted back."}
