"""One operation of the description: whom it serves, what it takes, answers and refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from marshmallow import Schema
from werkzeug.routing import Rule

from . import examples, refusals
from .refusals import sentence
from .routes import PARAMETERS, ROUTES, Caller, Route

SECURITY: Final[dict[Caller, list[dict[str, list[str]]]]] = {
    Caller.NOBODY: [],
    Caller.ANYBODY: [{}, {"person": []}],
    Caller.PERSON: [{"person": []}],
    Caller.SERVICE: [{"service": []}],
}
INTERNAL: Final = {
    "url": "http://{internal}",
    "description": "The internal listener, which is never published.",
    "variables": {"internal": {"default": "127.0.0.1:8081"}},
}
_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")


def path_of(rule: Rule) -> str:
    """The path as OpenAPI writes it."""
    return ROUTES[rule.endpoint].path or _CONVERTER.sub(r"{\1}", rule.rule)


def method_of(rule: Rule) -> str:
    """The route's one method, but for those that Flask adds."""
    [method] = (rule.methods or set()) - {"HEAD", "OPTIONS"}
    return method.lower()


def operation(rule: Rule, view: Callable[..., Any]) -> dict[str, Any]:
    """What OpenAPI calls an Operation Object; schemas in it are still marshmallow's."""
    route = ROUTES[rule.endpoint]
    noun, _, verb = rule.endpoint.partition(".")
    spoken: dict[str, Any] = {"operationId": f"{noun}_{verb}", "tags": [noun.capitalize()], "summary": sentence(view)}
    if route.says:
        spoken["description"] = route.says
    if route.caller is Caller.SERVICE:
        spoken["servers"] = [INTERNAL]
    spoken |= {"security": SECURITY[route.caller], "parameters": list(_parameters(path_of(rule), route))}
    if route.body is not None:
        spoken["requestBody"] = _request_body(rule.endpoint, route.body, is_optional=route.is_body_optional)
    if route.form_file:
        spoken["requestBody"] = _form(route.form_file)
    return spoken | {"responses": _responses(rule.endpoint, route)}


def _parameters(path: str, route: Route) -> Iterable[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", path):
        description, more = PARAMETERS[name]
        schema = {"type": "string", **more}
        yield {"name": name, "in": "path", "required": True, "description": description, "schema": schema}
    if route.query is not None:
        yield {"in": "query", "schema": route.query}
    if route.is_write:
        schema = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]+$"}
        told = "Tells a repeat from a new request."
        yield {"name": "Idempotency-Key", "in": "header", "description": told, "schema": schema}


def _request_body(endpoint: str, schema: type[Schema], *, is_optional: bool) -> dict[str, Any]:
    given = {each["name"]: {"value": each["asked"]} for each in examples.of(endpoint, 200) if "asked" in each}
    return {"required": not is_optional, "content": {"application/json": _content(schema, given)}}


def _form(field: str) -> dict[str, Any]:
    file = {"type": "string", "format": "binary", "description": "The file, with its type and a file name."}
    schema = {"type": "object", "properties": {field: file}, "required": [field]}
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def _responses(endpoint: str, route: Route) -> dict[str, Any]:
    if route.answer is None:
        said = {"302": _redirect(endpoint)}
    else:
        said = {str(route.status): _answer(endpoint, route.status, route.answer, is_list=route.is_list)}
        if route.headers:
            said[str(route.status)]["headers"] = {name: _header(name) for name in route.headers}
    said |= {str(status): _answer(endpoint, status, schema) for status, schema in route.otherwise.items()}
    return dict(sorted((said | refusals.responses(endpoint, route)).items()))  # "default" comes last


def _answer(endpoint: str, status: int, schema: type[Schema], *, is_list: bool = False) -> dict[str, Any]:
    given = {each["name"]: {"value": each["answered"]} for each in examples.of(endpoint, status)}
    described = {"type": "array", "items": schema} if is_list else schema
    return {"description": sentence(schema), "content": {"application/json": _content(described, given)}}


def _redirect(endpoint: str) -> dict[str, Any]:
    where = [each["location"] for each in examples.of(endpoint, 302)]
    location = {"description": "The signed URL.", "schema": {"type": "string", "format": "uri"}, "example": where[0]}
    return {
        "description": "Where the bytes are: at a signed URL.",
        "headers": {"Location": location, "Cache-Control": _header("Cache-Control")},
    }


def _header(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/headers/{name}"}


def _content(schema: type[Schema] | dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    return {"schema": schema, **({"examples": given} if given else {})}
