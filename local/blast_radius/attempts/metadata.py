"""What somebody in metadata_service tries: it holds every record and a grant key, and no person's token at rest."""

from typing import Any

from local.blast_radius.attempts import aws, everywhere, items, parts, services, shown
from local.blast_radius.attempts.attempt import Actor, Attempt, Cast
from local.blast_radius.attempts.items import get_resume, signed
from local.blast_radius.inside import Act
from local.blast_radius.stage import Item, Stage

NO_TOKEN = "401 invalid_caller_token"
NOT_THE_OWNER = "403 caller_mismatch"
NOT_A_GRANT = "401 invalid_grant"
NOT_PERMITTED = "403 operation_not_permitted"


def rows(stage: Stage, cast: Cast) -> list[Attempt]:
    """All of it."""
    actor, table = cast.metadata, aws.record(stage, "DeleteTable", "users")
    scan = aws.record(stage, "Scan", "users")
    return [
        *_tokens(stage, actor),
        *services.at_the_signer(stage, actor, NO_TOKEN),
        *_operations(stage, actor),
        *parts.of_the_victim(stage, actor, NO_TOKEN, NOT_THE_OWNER, NOT_PERMITTED),
        *_grants(stage, actor),
        *shown.receipts(stage, actor, NO_TOKEN),
        *aws.on_s3(stage, cast, actor),
        *actor.unlike(cast.operator, aws.DENIED_RECORDS, {"scan": ("scan the users table", [scan])}),
        actor.attempt(
            "table",
            "delete the users table",
            aws.DENIED_RECORDS,
            [table],
            cast.operator.does(*aws.scratch_table(stage)),
        ),
        actor.attempt(
            "erased-records",
            "read what an erased account's files were called",
            "nothing found",
            [aws.files_of(stage, stage.erased.person)],
            actor.does(aws.files_of(stage, stage.victim)),
        ),
        aws.on_iam(stage, cast, actor),
        everywhere.held_files(cast, actor, cast.signer),
        everywhere.held_files(cast, actor, cast.sweeper),
        *everywhere.on_trust(stage, cast, actor),
        everywhere.own_memory(stage, cast, actor),
        *everywhere.rows(stage, cast, actor),
    ]


def in_flight(stage: Stage, **changed: Any) -> Act:
    """A read of the victim's private file while the victim's own request is being answered."""
    return signed(**{"items": [get_resume(stage)], **stage.victim.in_flight} | changed)


def forgeries(stage: Stage) -> dict[str, tuple[str, Any]]:
    """Tokens that say they are the victim's, and how."""
    sample = {"sample": stage.mallory.token, "sub": stage.victim.sub, "public_pem": stage.public_pem}
    return {
        "expired": ("expired token", stage.expired),
        "id": ("ID token", stage.victim.id_token),
        "tampered": ("changed token", {"way": "tampered", **sample}),
        "none": ("alg none", {"way": "none", **sample}),
        "hs256": ("HS256 by public key", {"way": "hs256", **sample}),
        "own-key": ("by a key of its own", {"way": "own_key", **sample}),
    }


def _tokens(stage: Stage, actor: Actor) -> list[Attempt]:
    hers, file = stage.mallory.in_flight, "sign a read of the victim's private file,"
    forged = {
        f"{way}-token": (f"{file} {what}", NO_TOKEN, [in_flight(stage, token=token)])
        for way, (what, token) in forgeries(stage).items()
    }
    return actor.beside(
        actor.does(in_flight(stage)),
        {
            "no-token": (f"{file} no token", NO_TOKEN, [signed([get_resume(stage)])]),
            "other-token": (f"{file} mallory's token", NOT_THE_OWNER, [in_flight(stage, **hers)]),
            "named": (f"{file} mallory's as hers", NOT_THE_OWNER, [in_flight(stage, token=stage.mallory.token)]),
            **forged,
        },
    )


def _operations(stage: Stage, actor: Actor) -> list[Attempt]:
    mine, resume, delete = stage.victim.in_flight, stage.resume, [items.delete(stage.spoils)]
    link = [items.publish(resume, visibility="link", until_in=600)]

    def write() -> list[Item]:
        return [items.put(stage.fresh())]

    tries: dict[str, tuple[str, Any, Any]] = {
        "put": ("write below users for the victim", write, write),
        "delete": ("delete an object of the victim's", delete, delete),
        # The control publishes the picture, not the private file: it is public already.
        "publish": ("publish the victim's private file", [items.publish(resume)], [items.publish(stage.picture)]),
        "link": ("make a share link's receipt for the victim's file", link, link),
    }
    without_token = [
        actor.attempt(name, f"{says} with no token", NO_TOKEN, [signed(tried)], actor.does(signed(good, **mine)))
        for name, (says, tried, good) in tries.items()
    ]
    over, says = items.put(stage.picture), "write over what is served, with the victim's token in flight"
    bare = items.without(over, "if_none_match")
    bound = {
        "overwrite": (says, "S3: 412 PreconditionFailed", [signed([over], **mine)]),
        "bare-put": (
            "the same, leaving If-None-Match out of the signature",
            "400 invalid_item",
            [signed([bare], **mine)],
        ),
    }
    return without_token + actor.beside(actor.does(signed(write, **mine)), bound)


def _grants(stage: Stage, actor: Actor) -> list[Attempt]:
    longer, far = [get_resume(stage, expires_in=3_700)], 31 * 86_400
    changed: dict[str, tuple[str, str, dict[str, Any]]] = {
        "again": ("use a grant a second time", "409 grant_already_used", {"times": 2}),
        "replica": ("use a grant for replica b at replica a", NOT_A_GRANT, {"claims": {"aud": "countersign-signer/b"}}),
        "61s": ("make a grant that lasts 61 s", NOT_A_GRANT, {"claims": {"life": 61}}),
        "issuer": ("make a grant as the sweeper, with metadata's key", NOT_A_GRANT, {"issuer": "sweeper"}),
        "life": ("have a URL signed for more than an hour", NOT_PERMITTED, {"items": longer}),
        "link-life": (
            "make a share link's receipt for 31 days, with the victim's token in flight",
            "400 invalid_item",
            {"items": [items.publish(stage.resume, visibility="link", until_in=far)]},
        ),
    }
    outside = [signed([item], **stage.mallory.in_flight) for item in _outside_the_grammar(stage)]
    says = "reach the victim's file by a key outside the grammar: .., //, NUL"
    tries = {name: (says, why, [in_flight(stage, **change)]) for name, (says, why, change) in changed.items()}
    return actor.beside(actor.does(in_flight(stage)), tries | {"grammar": (says, "400 invalid_item", outside)})


def _outside_the_grammar(stage: Stage) -> list[Item]:
    """Keys that begin with mallory and end at the victim."""
    sub, victim = stage.mallory.sub, stage.victim.sub
    way = f"../{victim}/resume/{stage.resume['id']}"
    return [
        get_resume(stage, owner=f"{sub}/../{victim}"),
        get_resume(stage, owner=sub, category=f"../{victim}/resume"),
        get_resume(stage, owner=sub, id=f"../{way}"),
        get_resume(stage, owner=f"{sub}//{victim}"),
        get_resume(stage, owner=f"{sub}\0{victim}"),
    ]
