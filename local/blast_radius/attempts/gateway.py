"""What somebody in the gateway tries: it holds no key at all, and the tokens that pass by are not the victim's."""

from typing import Any

from local.blast_radius.attempts import aws, everywhere, services
from local.blast_radius.attempts.attempt import Attempt, Cast
from local.blast_radius.attempts.metadata import forgeries
from local.blast_radius.attempts.signer import forged_grants
from local.blast_radius.inside import Act, act
from local.blast_radius.stage import Stage

NO_TOKEN = "401 unauthorized"
LINK = {"link_id": "5f0c9b1e-6a57-4a55-9a52-0b1a57ad1005", "title": "x", "url": "https://example.org/"}


def rows(stage: Stage, cast: Cast) -> list[Attempt]:
    """All of it."""
    actor = cast.gateway
    return [
        *_tokens(stage, cast),
        *services.at_the_routes(stage, actor, NO_TOKEN),
        *_others(stage, cast),
        *forged_grants(stage, cast, actor),
        everywhere.sockets(stage, cast, actor),
        everywhere.held_files(cast, actor, cast.metadata),
        everywhere.held_files(cast, actor, cast.signer),
        *unsigned(stage, cast, actor.name),
        *everywhere.on_trust(stage, cast, actor),
        *everywhere.rows(stage, cast, actor),
    ]


def _asks(stage: Stage, method: str, target: str, token: Any = None, body: Any = None) -> Act:
    to = f"unix:{stage.running.socket('metadata_service')}"
    return act("ask", to=to, method=method, target=target, token=token, body=body)


def _tokens(stage: Stage, cast: Cast) -> list[Attempt]:
    target = f"/uploads/{stage.upload_id}"
    ways = {"no": ("no token", None), "internal": ("a service's token", stage.service_token), **forgeries(stage)}
    return cast.gateway.beside(
        cast.gateway.does(_asks(stage, "GET", target, stage.victim.token)),
        {
            f"{way}-token": (f"ask for the victim's file, {what}", NO_TOKEN, [_asks(stage, "GET", target, token)])
            for way, (what, token) in ways.items()
        },
    )


def _others(stage: Stage, cast: Cast) -> list[Attempt]:
    """With a token that did pass by: somebody else's things, and one's own when the account is erased."""
    actor, target = cast.gateway, f"/uploads/{stage.upload_id}"
    victim, hers, erased = stage.victim.token, stage.mallory.token, stage.erased.person.token
    tried = [
        _asks(stage, "GET", target, hers),
        _asks(stage, "POST", f"{target}/complete", hers, {}),
        _asks(stage, "DELETE", target, hers),
    ]
    good = actor.does(_asks(stage, "GET", target, victim), _asks(stage, "POST", f"{target}/complete", victim, {}))
    says = "see, complete and cancel the victim's upload with mallory's token"
    return [
        actor.attempt("other-token", says, "404 upload_not_found", tried, good),
        actor.attempt(
            "erased-token",
            "read and write by the token of an erased account",
            "410 account_erased",
            _lives(stage, erased),
            actor.does(*_lives(stage, victim)),
        ),
    ]


def _lives(stage: Stage, token: str) -> list[Act]:
    """What whoever has an account does."""
    reads = [_asks(stage, "GET", target, token) for target in ("/photos", "/links", "/users/me/export")]
    return [*reads, _asks(stage, "POST", "/links", token, LINK)]


def unsigned(stage: Stage, cast: Cast, name: str) -> list[Attempt]:
    """Rows: S3 and DynamoDB by somebody who has nothing to sign with."""
    actor = getattr(cast, name)
    listing, reading = aws.s3(stage, "LIST", "nothing"), aws.s3(stage, "GET", "nothing")
    record = aws.record(stage, "GetItem", "users", "nothing")
    return [
        actor.attempt(
            "s3",
            "read from S3, and list it, with nothing to sign with",
            aws.DENIED,
            [reading, listing],
            aws.s3_by_holder(stage, cast, "GET"),
            aws.s3_by_holder(stage, cast, "LIST"),
        ),
        actor.attempt(
            "records",
            "read a record from DynamoDB with nothing to sign with",
            aws.DENIED,
            [record],
            cast.metadata.does(aws.record(stage, "GetItem", "users")),
        ),
    ]
