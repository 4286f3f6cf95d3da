"""Rows on internal services: their tokens, at the signer and at metadata's routes, and the space that is theirs."""

from functools import partial
from typing import Any

from local.blast_radius.attempts import items
from local.blast_radius.attempts.attempt import Actor, Attempt
from local.blast_radius.attempts.items import signed
from local.blast_radius.inside import Act, act
from local.blast_radius.stage import SERVICE, Item, Stage

NAMED: dict[str, Any] = {"claims": {"service": SERVICE}}
NOT_ITS_OWN = "403 caller_mismatch"


def forged(scope: str) -> dict[str, Any]:
    """A token that says it is the service's, by a key of our own."""
    return {"service": {"name": SERVICE, "scope": scope}}


def at_the_signer(stage: Stage, actor: Actor, no_token: str) -> list[Attempt]:
    """What metadata may have signed for a service: reading, by its token, and what is in its own space."""
    file, resume = "sign a read of the victim's private file,", [items.get_resume(stage)]
    token = stage.service_token
    readers = actor.beside(
        actor.does(signed(resume, token=partial(token, "media:read"), **NAMED)),
        {
            "service-token": (
                f"{file} a forged service",
                no_token,
                [signed(resume, token=forged("media:read"), **NAMED)],
            ),
            "service-ended": (
                f"{file} a service's token after its 60 s",
                no_token,
                [signed(resume, token=stage.ended_service_token, **NAMED)],
            ),
            "service-none": (f"{file} naming a service, no token", "400 invalid_request", [signed(resume, **NAMED)]),
            "service-scope": (
                f"{file} a service's without media:read",
                "403 operation_not_permitted",
                [signed(resume, token=partial(token, "media:moderate hooks"), **NAMED)],
            ),
        },
    )
    as_service = {"token": token, **NAMED}
    in_its_space, put = partial(_put, stage, owner=f"s-{SERVICE}"), partial(_put, stage)
    others = [put, [items.delete(stage.spoils)], [items.publish(stage.resume)]]
    writers = actor.beside(
        actor.does(signed(in_its_space, **as_service)),
        {
            "service-space": (
                "write into a service's space with the victim's token",
                NOT_ITS_OWN,
                [signed(in_its_space, **stage.victim.in_flight)],
            ),
            "service-owner": (
                "write, delete and publish what is the victim's with a service's token",
                NOT_ITS_OWN,
                [signed(other, **as_service) for other in others],
            ),
        },
    )
    return readers + writers


def _put(stage: Stage, **changed: str) -> list[Item]:
    return [items.put(stage.fresh(area="incoming", **changed))]


def at_the_routes(stage: Stage, actor: Actor, no_token: str) -> list[Attempt]:
    """What somebody in the gateway may ask the internal routes for, with tokens that are not a service's."""
    running, token, says = stage.running, stage.service_token, "call internal routes (hooks, signed URLs, block),"
    to = f"unix:{running.socket('metadata_service')}"
    tokens = {
        "token": ("forged token", no_token, forged("media:read hooks")),
        "ended": ("a token after its 60 s", no_token, stage.ended_service_token),
        "person": ("the victim's token", no_token, stage.victim.token),
        "scope": ("a token without the scope", "403 insufficient_scope", partial(token, "media:write")),
    }
    rows = {
        f"service-{name}": (f"{says} {what}", expected, _calls(stage, to, shown))
        for name, (what, expected, shown) in tokens.items()
    }
    public = (f"{says} by the public listener", "404 not_found", _calls(stage, running.gateway, token))
    return actor.beside(actor.does(*_calls(stage, running.internal, token)), rows | {"public-listener": public})


def _calls(stage: Stage, to: str, token: Any) -> list[Act]:
    """Each internal route, about a picture of mallory's: what is blocked is unblocked in the end."""
    signup = {"userName": "x", "request": {"userAttributes": {}}}
    bodies = {
        "cognito/pre-signup": signup,
        "signed-urls": {"items": [{"op": "get", "key": stage.hers}]},
        "objects/block": {"key": stage.hers, "reason": "tried"},
        "objects/unblock": {"key": stage.hers},
    }
    return [
        act("ask", to=to, method="POST", target=f"/internal/v1/{route}", token=token, body=body)
        for route, body in bodies.items()
    ]
