"""Rows on uploads in parts: five operations, each with a URL of its own."""

from typing import Any

from local.blast_radius.attempts.attempt import Actor, Attempt
from local.blast_radius.attempts.items import STEPS, in_parts, signed
from local.blast_radius.inside import Act
from local.blast_radius.stage import Item, Stage


def through(stage: Stage, *steps: str, **shown: Any) -> list[Act]:
    """The steps, each of an upload of its own, until S3 has done them."""
    return [signed(lambda step=step: [in_parts(step, stage.begun())], **shown) for step in steps]


def only_signed(upload: Item, *steps: str, **shown: Any) -> list[Act]:
    """The steps, as far as the signer: that one is signed is enough."""
    return [signed([in_parts(step, upload)], use=False, **shown) for step in steps]


def of_the_victim(
    stage: Stage, actor: Actor, no_token: str, not_the_owner: str, not_in_the_table: str
) -> list[Attempt]:
    """What metadata may ask for with the victim's token in flight, and only so."""
    mine, hers, upload = stage.victim.in_flight, stage.mallory.in_flight, stage.begun()
    says = "upload in parts for the victim (begin, send, list, complete, abort),"
    rows = actor.beside(
        actor.does(*through(stage, *STEPS, **mine)),
        {
            "parts-no-token": (f"{says} no token", no_token, only_signed(upload, *STEPS)),
            "parts-other-token": (f"{says} mallory's", not_the_owner, only_signed(upload, *STEPS, **hers)),
            "parts-served": (
                "upload in parts to what is served, with the victim's token in flight",
                not_in_the_table,
                only_signed(upload | {"area": "users"}, *STEPS, **mine),
            ),
        },
    )
    return [*rows, _another(stage, actor)]


def _another(stage: Stage, actor: Actor) -> Attempt:
    """A part's URL, for what was not signed: another part, another upload, another's."""
    upload, victims, hers = stage.begun(owner=stage.mallory.sub), stage.begun(), stage.mallory.in_flight
    others = (
        {"partNumber=1&": "partNumber=2&"},
        {upload["upload_id"]: victims["upload_id"]},
        {upload[name]: victims[name] for name in ("upload_id", "owner", "id")},
    )
    item, says = in_parts("part", upload), "use the URL of a part of mallory's for another part or upload"
    tried = [signed([item], instead=other, **hers) for other in others]
    expected = "S3: 403 SignatureDoesNotMatch"
    return actor.attempt("part-elsewhere", says, expected, tried, actor.does(signed([item], **hers)))
