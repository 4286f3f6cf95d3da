"""What a route refuses: by its own rules, and by those that come with what it takes and whom it serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ...errors import AccountErased, ApiError, InvalidJson, Unauthorized, Unavailable, ValidationFailed
from ...services import InsufficientScope
from . import examples
from .routes import Caller, Route


class PayloadTooLarge(ApiError):
    """The body has more than 64 KiB; a form with a file, more than the route takes."""

    status, code = 413, "payload_too_large"


class RateLimited(ApiError):
    """Too many requests from this address or with this token; the gateway says when to ask again."""

    status, code = 429, "rate_limited"


OTHERWISE: Final = (
    "What else there is to refuse, in the same shape. By the gateway: bad_request (400), not_found (404), "
    "method_not_allowed (405), length_required (411), uri_too_long (414), headers_too_large (431), bad_gateway (502), "
    "unavailable (503) and gateway_timeout (504). By the service: internal_error (500)."
)
SHARED: Final[tuple[type[ApiError], ...]] = (Unauthorized, AccountErased, RateLimited, Unavailable)
"""Said by so many routes, and so alike, that they stand once, in components."""
_RETRY_AFTER = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
_HEADERS: Final[Mapping[int, Mapping[str, Any]]] = {
    401: {"WWW-Authenticate": {"$ref": "#/components/headers/WWW-Authenticate"}},
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}


def of_route(route: Route) -> list[type[ApiError]]:
    """Every refusal of a route, each once, in the order of their codes' statuses."""
    found: list[type[ApiError]] = []
    if route.body is not None:
        found += [InvalidJson, ValidationFailed, PayloadTooLarge]
    if route.form_file:
        found += [ValidationFailed, PayloadTooLarge]
    if route.query is not None:
        found.append(ValidationFailed)
    if route.caller in (Caller.PERSON, Caller.SERVICE):
        found.append(Unauthorized)
    if route.caller is Caller.PERSON:
        found.append(AccountErased)
    if route.caller is Caller.SERVICE:
        found.append(InsufficientScope)
    else:
        found.append(RateLimited)
    if route.needs_others:
        found.append(Unavailable)
    return sorted(dict.fromkeys([*found, *route.refuses]), key=lambda refusal: refusal.status)


def responses(endpoint: str, route: Route) -> dict[str, Any]:
    """The responses of a route that are refusals, by status."""
    by_status: dict[int, list[type[ApiError]]] = {}
    for refusal in of_route(route):
        by_status.setdefault(int(refusal.status), []).append(refusal)
    return {str(status): _response(endpoint, these) for status, these in by_status.items()} | {
        "default": {"$ref": "#/components/responses/Otherwise"}
    }


def _response(endpoint: str, refusals: list[type[ApiError]]) -> dict[str, Any]:
    [first, *others] = refusals
    if first in SHARED and not others:
        return {"$ref": f"#/components/responses/{first.__name__}"}
    codes = {refusal.code for refusal in refusals}
    given = [example for example in examples.of(endpoint, int(first.status)) if example["name"] in codes]
    missing = [refusal for refusal in refusals if refusal.code not in {example["name"] for example in given}]
    return described(refusals, [*given, *(each for one in missing for each in examples.of_refusal(one.code))])


def described(refusals: list[type[ApiError]], given: Iterable[examples.Example]) -> dict[str, Any]:
    """One response: refusals of one status, and what was answered where they happened."""
    spoken: dict[str, Any] = {
        "description": "\n\n".join(f"`{refusal.code}`: {sentence(refusal)}" for refusal in refusals),
        "content": {
            "application/json": {
                "schema": {
                    "$ref": "#/components/schemas/Error",
                    "properties": {"error": {"enum": [refusal.code for refusal in refusals]}},
                }
            }
        },
    }
    shown = {example["name"]: {"value": example["answered"]} for example in given if "answered" in example}
    if shown:
        spoken["content"]["application/json"]["examples"] = shown
    headers = _HEADERS.get(int(refusals[0].status))
    return spoken | ({"headers": dict(headers)} if headers else {})


def shared() -> dict[str, Any]:
    """The responses of components: the shared ones, and what is none of a route's own."""
    found = {each.__name__: described([each], examples.of_refusal(each.code)) for each in SHARED}
    schema = {"$ref": "#/components/schemas/Error"}
    otherwise = {"description": OTHERWISE, "content": {"application/json": {"schema": schema}}}
    return {**found, "Otherwise": otherwise}


def sentence(described_by: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((described_by.__doc__ or "").strip().split("\n\n")[0].split())
