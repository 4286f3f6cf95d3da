"""S15 over every route: a stranger asks for what is Alice's just as she does, and neither gets nor changes any of it.

The spellings of keys, and uploads in every state, are tried through the gateway (tests/e2e/test_isolation.py); here no
route can be forgotten.
"""

import json
import uuid
from collections.abc import Mapping

import pytest
from flask import Flask

from metadata_service.commands.interface.routes import ROUTES, Caller
from tests.integration.metadata.every_route import Asked, Holdings, asked_of
from tests.integration.uploads_stack import Answer, Person, Stack

OF_HERS: Mapping[str, str] = {
    "profiles.save": "username_taken",
    "links.delete": "not_found",
    "uploads.complete": "upload_not_found",
    "uploads.complete_by_key": "upload_not_found",
    "uploads.look": "upload_not_found",
    "uploads.cancel": "upload_not_found",
    "photos.delete": "not_found",
    "uppy.sign part": "upload_not_found",
    "uppy.sign_part": "upload_not_found",
    "uppy.sign_parts": "upload_not_found",
    "uppy.list_parts": "upload_not_found",
    "uppy.complete": "upload_not_found",
    "uppy.abort": "upload_not_found",
    "media.media": "not_found",
    "profilephoto.complete": "upload_not_found",
    "shares.share": "unknown_key",
    "shares.end": "not_found",
    "internal.complete": "upload_not_found",
}
"""What a stranger is told who names a thing of Alice's, or another service one of her service's."""
OF_ONES_OWN = {
    "accounts.show",
    "accounts.export",
    "accounts.erase",
    "pictures.mine",
    "pictures.remove",
    "links.save",  # an id that is not known adds a link, whoever else has one of that id
    "links.show",
    "uploads.begin",
    "photos.show",
    "uppy.sign first",
    "uppy.params",
    "uppy.create",
    "profilephoto.upload",
    "profilephoto.show",
    "profilephoto.remove",
    "profilephoto.presign",
}
"""They name nothing of hers, and say nothing of it."""
FOR_ANYBODY = {
    "health.health",
    "health.readiness",
    "pictures.avatar",
    "profiles.show",
    "profiles.show_several",
    "profiles.check",
    "shares.open_shared",
}
FOR_THE_SCOPE = {
    "hooks.pre_sign_up",
    "hooks.post_confirmation",
    "internal.sign get",
    "internal.sign put",
    "internal.sign batch",
    "internal.block",
    "internal.unblock",
}
"""They are of a scope's: whichever service has it reads, and blocks, what is anybody's."""
REFUSES_WITH = {"unknown_key": 400, "username_taken": 409, "not_found": 404, "upload_not_found": 404}


@pytest.fixture(scope="module")
def alice_has(stack: Stack, app: Flask) -> Holdings:
    client = app.test_client()
    return Holdings.made_by(Person(f"isolated-{uuid.uuid4()}", stack, client))


def every_request(holdings: Holdings) -> dict[str, Asked]:
    """A request to each route as Alice asks it, by name: several where a route takes several forms."""
    asked = asked_of(holdings)
    return {str(each): each for endpoint in ROUTES for each in asked.get(endpoint, (Asked(endpoint),))}


def by(token: str, asked: Asked, holdings: Holdings) -> Answer:
    return asked.sent(holdings, headers={"Authorization": f"Bearer {token}"})


def other_service(stack: Stack) -> str:
    """The token of a service that has every scope, and nothing of Alice's."""
    name, scopes = f"other-{uuid.uuid4()}", ("media:read", "media:write", "media:moderate", "hooks")
    stack.register(name, scopes)
    return stack.service_token(name, " ".join(scopes))


def test_s15_every_route_says_what_it_does_with_what_is_anothers(alice_has: Holdings) -> None:
    assert set(every_request(alice_has)) == {*OF_HERS, *OF_ONES_OWN, *FOR_ANYBODY, *FOR_THE_SCOPE}


def test_s15_a_stranger_is_refused_what_is_hers_on_every_route(alice_has: Holdings, stack: Stack) -> None:
    before, requests = alice_has.everything(), every_request(alice_has)
    for name, code in OF_HERS.items():
        is_service = ROUTES[requests[name].endpoint].caller is Caller.SERVICE
        token = other_service(stack) if is_service else stack.token(str(uuid.uuid4()))
        answer = by(token, requests[name], alice_has)
        assert (answer.status_code, answer.json.get("error")) == (REFUSES_WITH[code], code), f"{name}: {answer.text}"
        assert alice_has.person.sub not in answer.text, name
    assert alice_has.everything() == before


def test_s15_a_stranger_finds_and_changes_only_ones_own(alice_has: Holdings, stack: Stack) -> None:
    before, requests = alice_has.everything(), every_request(alice_has)
    for name in sorted(OF_ONES_OWN):
        answer = by(stack.token(str(uuid.uuid4())), requests[name], alice_has)
        assert answer.status_code in (200, 202, 400, 404), f"{name}: {answer.text}"
        spoken = answer.text + json.dumps(dict(answer.headers))
        assert alice_has.person.sub not in spoken, name
        assert alice_has.photo["upload_id"] not in spoken, name
    for name in sorted(FOR_ANYBODY):
        by(stack.token(str(uuid.uuid4())), requests[name], alice_has)
    assert alice_has.everything() == before


def test_s15_no_route_takes_a_token_of_the_other_kind(alice_has: Holdings, stack: Stack) -> None:
    before, person = alice_has.everything(), alice_has.person
    service = stack.service_token(alice_has.service.name, alice_has.service.scope)
    for name, asked in every_request(alice_has).items():
        caller = ROUTES[asked.endpoint].caller
        if caller in (Caller.PERSON, Caller.SERVICE):
            answer = by(service if caller is Caller.PERSON else stack.token(person.sub), asked, alice_has)
            assert (answer.status_code, answer.json["error"]) == (401, "unauthorized"), name
            assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"', name
    assert alice_has.everything() == before


def test_s15_no_service_route_opens_without_its_scope(alice_has: Holdings, stack: Stack) -> None:
    before, name = alice_has.everything(), f"narrow-{uuid.uuid4()}"
    scopes = {"hooks": "hooks", "internal.sign get": "media:read", "internal.sign put": "media:write"}
    scopes |= {"internal.sign batch": "media:read", "internal.complete": "media:write"}
    scopes |= {"internal.block": "media:moderate", "internal.unblock": "media:moderate"}
    every = ("media:read", "media:write", "media:moderate", "hooks")
    stack.register(name, every)
    for request, asked in every_request(alice_has).items():
        if ROUTES[asked.endpoint].caller is Caller.SERVICE:
            needed = scopes[request] if request in scopes else scopes[request.partition(".")[0]]
            others = " ".join(scope for scope in every if scope != needed)
            answer = by(stack.service_token(name, others), asked, alice_has)
            assert (answer.status_code, answer.json.get("error")) == (403, "insufficient_scope"), request
    assert alice_has.everything() == before
