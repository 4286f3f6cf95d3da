"""Every field of every route, from the service's own schemas: absent, of each wrong type, and as every odd text.

What is refused says which field, with a code of its own or `validation_failed`, and changes no record and no object.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from marshmallow import EXCLUDE, Schema, fields

from metadata_service.commands.interface.routes import ROUTES
from tests.integration.metadata.every_route import RULES, Asked, Holdings, asked_of
from tests.integration.metadata.odd_values import ODD_TEXTS, Place, places, wrong_types
from tests.integration.uploads_stack import Answer, Person, Stack, make_app

WITH_FIELDS = sorted(name for name, route in ROUTES.items() if route.body or route.query)
WITH_BODY = sorted(name for name, route in ROUTES.items() if route.body)

PLAIN = {"right to left", "emoji", "dots", "markup"}
OPTIONAL = PLAIN | {"nothing", "spaces"}
OF_LINES = OPTIONAL | {"a line's end"}
ADDRESS = OPTIONAL | {"60,000 characters"}
"""Read for a key of ours, and else ignored."""
ANYTHING = set(ODD_TEXTS)
IN_UPPY: dict[str, set[str]] = {"name": ANYTHING - {"60,000 characters"}, "contentType": {"nothing"}}
"""A file's name is read for its extension alone."""
OF_THE_POOL = dict.fromkeys(
    ("custom:username", "preferred_username", "custom:fullname", "name", "custom:date_of_birth", "birthdate"), OPTIONAL
) | {"email": OPTIONAL, "sub": PLAIN, "email_verified": ANYTHING}
TAKEN: Mapping[str, Mapping[str, set[str]]] = {
    "profiles.save": {
        **dict.fromkeys(("full_name", "title", "phone", "skills.0"), OPTIONAL),
        **dict.fromkeys(("projects.0.id", "projects.0.title", "projects.0.tech_stack.0"), OPTIONAL),
        **dict.fromkeys(("bio", "projects.0.description"), OF_LINES),
        **dict.fromkeys(("avatar_url", "profile_image_url", "resume_url", "projects.0.image_url"), ADDRESS),
        "projects.0.link": {"nothing"},
        "social_links.github": {"nothing", "right to left", "emoji"},
    },
    "links.save": {"title": PLAIN},
    "profiles.check": {"username": ANYTHING},  # it says that none of these can be had
    "profiles.show_several": {"usernames": ANYTHING},  # nobody is called so
    "uppy.sign first": IN_UPPY | {"uploadId": {"dots"}},  # S3 may make its ids of them
    "uppy.sign part": IN_UPPY | {"contentType": ANYTHING},  # the type is bound where the upload begins
    "uppy.params": {"type": {"nothing"}},
    "uppy.create": {"type": {"nothing"}},
    "hooks.pre_sign_up": {f"request.userAttributes.{name}": texts for name, texts in OF_THE_POOL.items()},
    "hooks.post_confirmation": {f"request.userAttributes.{name}": texts for name, texts in OF_THE_POOL.items()},
    "internal.sign get": {"download_as": {"right to left", "emoji"}},
    "internal.block": {"reason": PLAIN},
    "internal.unblock": {"reason": OPTIONAL},
}
"""The odd texts that a field may be, by the request; every other one is refused."""
OWN_CODES: Mapping[str, set[str]] = {
    "file_type": {"unsupported_file_type"},
    **{name: {"unsupported_content_type"} for name in ("content_type", "contentType", "type", "filename")},
    "file_extension": {"extension_mismatch"},
    **{name: {"unknown_key"} for name in ("avatar_key", "resume_key", "image_key")},
    "key": {"upload_not_found", "unknown_key", "unsupported_content_type"},
    "uploadId": {"upload_not_found"},
}
"""What a field is refused with where it is text, but names nothing that there is."""


@pytest.fixture(scope="module")
def holdings(stack: Stack) -> Holdings:
    """Of somebody who may begin as many uploads as are tried."""
    client = make_app(stack.metadata_environment | {"PENDING_LIMIT": "100000"}).test_client()
    return Holdings.made_by(Person(f"odd-{uuid.uuid4()}", stack, client))


def error_of(asked: Asked, answer: Answer) -> dict[str, Any]:
    """The refusal, {} where there is none; of an item, its own."""
    if asked.is_item and answer.status_code == 200:
        item: dict[str, Any] = answer.json["items"][0]
        return item if "error" in item else {}
    return answer.json if answer.status_code >= 400 else {}


def faults_of(asked: Asked, place: Place, answer: Answer) -> str:
    """What is wrong with an answer that ought to refuse this field; "" where nothing is."""
    error = error_of(asked, answer)
    if answer.status_code >= 500 or not error.get("error") or not error.get("message"):
        return f"{answer.status_code} {answer.text[:100]}"
    if error["error"] in OWN_CODES.get(str(place.path[-1]), ()):
        return ""
    if error["error"] != "validation_failed" or not place.is_named_in(error["fields"]):
        return json.dumps(error)[:200]
    return ""


def schema_and_values(asked: Asked, where: str) -> tuple[Schema | None, Any]:
    schema = asked.body_schema if where == "body" else ROUTES[asked.endpoint].query
    if schema is None or (asked.is_item and where == "query"):
        return None, None
    return schema(), getattr(asked, where)


def wrong(asked: Asked, where: str) -> Iterator[tuple[Place, str, Asked]]:
    """Every request that differs from this one by one thing that is wrong: the field, what is wrong, the request."""
    schema, values = schema_and_values(asked, where)
    if schema is None:
        return
    taken = TAKEN.get(str(asked), {})
    for place in places(schema, values):
        said: dict[str, Any] = wrong_types(place.field) if where == "body" else {}
        if isinstance(place.field, fields.String | fields.UUID | fields.Integer) and (where == "query" or said):
            texts = {} if where == "body" and isinstance(place.field, fields.Integer) else ODD_TEXTS
            said |= {name: text for name, text in texts.items() if name not in taken.get(place.name, ())}
        for what, value in said.items():
            yield place, what, replace(asked, **{where: place.put(values, value)})
        if place.field.required and isinstance(place.path[-1], str):
            yield place, "absent", replace(asked, **{where: place.without(values)})
    if schema.unknown != EXCLUDE:
        stray = Place(("surprise",), fields.String())
        yield stray, "unknown", replace(asked, **{where: stray.put(values, "x")})


@pytest.mark.parametrize("endpoint", WITH_FIELDS)
def test_s20_a_field_that_is_wrong_is_named_and_nothing_changes(holdings: Holdings, endpoint: str) -> None:
    before, faults = holdings.everything(), []
    for asked in asked_of(holdings)[endpoint]:
        for where in ("body", "query"):
            for place, what, changed in wrong(asked, where):
                fault = faults_of(asked, place, changed.sent(holdings))
                faults += [f"{asked}: {place.name} is {what}: {fault}"] if fault else []
    assert not faults, "\n".join(faults)
    assert holdings.everything() == before


@pytest.mark.parametrize("request_", TAKEN)
def test_an_odd_text_that_may_be_said_is_taken(holdings: Holdings, request_: str) -> None:
    [asked] = [asked for asked in asked_of(holdings)[request_.split()[0]] if str(asked) == request_]
    where = "body" if asked.body_schema else "query"
    schema, values = schema_and_values(asked, where)
    assert schema is not None
    known = {place.name: place for place in places(schema, values)}
    for name, texts in TAKEN[request_].items():
        for what in texts:
            changed = replace(asked, **{where: known[name].put(values, ODD_TEXTS[what])})
            answer = changed.sent(holdings)
            assert answer.status_code < 500, answer.text
            assert not known[name].is_named_in(error_of(asked, answer).get("fields")), (
                f"{name} is {what}: {answer.text}"
            )


def test_each_request_is_right_before_anything_is_changed_in_it(stack: Stack, app: Any) -> None:
    mine = Holdings.made_by(Person(str(uuid.uuid4()), stack, app.test_client()))
    answers = {str(asked): asked.sent(mine) for variants in asked_of(mine).values() for asked in variants}
    refused = {name: answer.json["error"] for name, answer in answers.items() if answer.status_code >= 400}
    assert refused == {
        "uppy.complete": "invalid_parts",
        "internal.complete": "upload_not_received",
        "internal.block": "not_found",
        "internal.unblock": "not_found",
    }
    assert set(answers) >= set(TAKEN)


# --- the body as a whole -------------------------------------------------------------------------------------

BODIES: Mapping[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 400, "invalid_json"),
    "spaces": (b"  ", 400, "invalid_json"),
    "no JSON": (b"username=x", 400, "invalid_json"),
    "a list": (b"[]", 400, "invalid_json"),
    "a text": (b'"x"', 400, "invalid_json"),
    "a number": (b"7", 400, "invalid_json"),
    "true": (b"true", 400, "invalid_json"),
    "null": (b"null", 400, "invalid_json"),
    "a member twice": (b'{"key": "x", "key": "x"}', 400, "invalid_json"),
    "a lone surrogate": (rb'{"key": "\ud800"}', 400, "invalid_json"),
    "a byte order mark": (b"\xef\xbb\xbf{}", 400, "invalid_json"),
    "no UTF-8": (b'{"key": "\xff"}', 400, "invalid_json"),
    "UTF-16": ('{"key": "x"}'.encode("utf-16"), 400, "invalid_json"),
    "NaN": (b'{"key": NaN}', 400, "invalid_json"),
    "a number out of range": (b'{"key": 1e999}', 400, "invalid_json"),
    "too deep": (b'{"key": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", 400, "invalid_json"),
    "two objects": (b"{}{}", 400, "invalid_json"),
    "more than 64 KiB": (b'{"key": "' + b"x" * 65_536 + b'"}', 413, "payload_too_large"),
}


@pytest.mark.parametrize("endpoint", WITH_BODY)
def test_s20_a_body_that_is_no_object_is_refused_and_nothing_changes(holdings: Holdings, endpoint: str) -> None:
    before = holdings.everything()
    asked = asked_of(holdings)[endpoint][0]
    for what, (octets, status, code) in BODIES.items():
        if what == "nothing" and ROUTES[endpoint].is_body_optional:
            continue
        answer = replace(asked, raw=octets).sent(holdings)
        assert (answer.status_code, answer.json["error"]) == (status, code), f"{what}: {answer.text}"
        assert answer.json["message"]
    assert holdings.everything() == before


FORMS: Mapping[str, dict[str, Any]] = {
    "nothing": {},
    "JSON": {"json": {"file": "x"}},
    "a form without a file": {"data": {"other": "x"}, "content_type": "multipart/form-data"},
    "text for a file": {"data": {"file": "x"}, "content_type": "multipart/form-data"},
    "no boundary": {"data": b"x", "content_type": "multipart/form-data"},
    "a form cut off": {"data": b"--b\r\nContent-Disp", "content_type": "multipart/form-data; boundary=b"},
}


@pytest.mark.parametrize("endpoint", [name for name, route in ROUTES.items() if route.form_file])
def test_s20_a_form_without_its_file_is_refused_and_nothing_changes(holdings: Holdings, endpoint: str) -> None:
    before, field = holdings.everything(), ROUTES[endpoint].form_file
    for what, form in FORMS.items():
        answer = holdings.person.ask("POST", RULES[endpoint].rule, **deepcopy(form))
        assert (answer.status_code, answer.json["error"]) == (400, "validation_failed"), f"{what}: {answer.text}"
        assert list(answer.json["fields"]) == [field], what
    assert holdings.everything() == before


# --- queries, paths and headers ------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", [name for name, route in ROUTES.items() if route.query])
def test_s20_a_parameter_that_is_said_twice_is_named(holdings: Holdings, endpoint: str) -> None:
    [asked] = asked_of(holdings)[endpoint]
    for name, text in dict(asked.query or {}).items():
        answer = replace(asked, query=[(name, text), (name, text)]).sent(holdings)
        assert (answer.status_code, answer.json.get("error")) == (400, "validation_failed"), answer.text
        assert list(answer.json["fields"]) == [name]


ODD_IN_PATHS = {
    "spaces": "  ",
    "dots": "..",
    "an encoded slash": "a%2Fb",
    "NUL": "\x00",
    "a line's end": "00000000-0000-4000-8000-000000000000\n",
    "a byte order mark": "\ufeff",
    "another script's digits": "٠" * 8,
    "emoji": "👩🏽‍🚀",
    "right to left": "\u202e",
    "3,000 characters": "x" * 3_000,
    "a UUID of nothing": "00000000-0000-4000-8000-000000000000",
    "a UUID of version 1": "00000000-0000-1000-8000-000000000000",
    "a UUID in braces": "{00000000-0000-4000-8000-000000000000}",
    "a number": "0",
    "a negative number": "-1",
    "null": "null",
    "markup": "<script>",
}


ALIKE = {("upload_id", "image_id")}
"""A photo is called as its upload was."""


@pytest.mark.parametrize("endpoint", sorted(name for name, rule in RULES.items() if rule.arguments))
def test_s20_what_a_path_names_that_is_not_there_is_refused(holdings: Holdings, endpoint: str) -> None:
    before, texts = holdings.everything(), holdings.in_paths()
    asked = asked_of(holdings).get(endpoint, (Asked(endpoint),))[0]
    for name in RULES[endpoint].arguments:
        others = {f"a {other}": text for other, text in texts.items() if (name, other) not in ALIKE}
        uppercase = {} if name == "username" else {"upper case": texts[name].upper()}
        for what, text in (ODD_IN_PATHS | others | uppercase).items():
            if text == texts[name]:
                continue
            answer = replace(asked, path={name: text}).sent(holdings)
            assert answer.status_code in (400, 404), f"{name} is {what}: {answer.status_code} {answer.text}"
            assert answer.json["error"], what
            assert answer.json["message"], what
    assert holdings.everything() == before


@pytest.mark.parametrize("endpoint", [name for name, route in ROUTES.items() if route.is_write])
def test_s20_an_idempotency_key_that_is_none_is_named(holdings: Holdings, endpoint: str) -> None:
    before = holdings.everything()
    for text in ("", " ", "a b", "ü", "x" * 65, "a\tb", "\x7f"):
        answer = asked_of(holdings)[endpoint][0].sent(holdings, headers={"Idempotency-Key": text})
        assert (answer.status_code, answer.json.get("error")) == (400, "validation_failed"), answer.text
        assert list(answer.json["fields"]) == ["Idempotency-Key"]
    assert holdings.everything() == before
