"""What somebody in metadata_service tries: it holds every record and a grant key, and no person's token at rest."""

from typing import Any

from local.blast_radius.attempts import aws, everywhere, items
from local.blast_radius.attempts.attempt import Actor, Attempt, Cast
from local.blast_radius.inside import act
from local.blast_radius.stage import Item, Stage

NO_TOKEN = "401 invalid_caller_token"
NOT_THE_OWNER = "403 caller_mismatch"
NOT_A_GRANT = "401 invalid_grant"
NOT_PUBLISHED = "403 not_published"


def rows(stage: Stage, cast: Cast) -> list[Attempt]:
    """All of it."""
    actor, table = cast.metadata, aws.record(stage, "DeleteTable", "users")
    scan = aws.record(stage, "Scan", "users")
    return [
        *_tokens(stage, actor),
        *_operations(stage, actor),
        *_grants(stage, actor),
        *_receipts(stage, actor),
        *aws.on_s3(stage, cast, actor),
        actor.attempt("scan", "scan the users table", aws.DENIED_RECORDS, [scan], cast.operator.does(scan)),
        actor.attempt(
            "table",
            "delete the users table",
            aws.DENIED_RECORDS,
            [table],
            cast.operator.does(*aws.scratch_table(stage)),
        ),
        aws.on_iam(stage, cast, actor),
        everywhere.held_files(cast, actor, cast.signer),
        everywhere.held_files(cast, actor, cast.sweeper),
        *everywhere.on_trust(stage, cast, actor),
        everywhere.own_memory(stage, cast, actor),
        *everywhere.rows(stage, cast, actor),
    ]


def in_flight(stage: Stage, **changed: Any) -> dict[str, Any]:
    """The arguments of a grant while the victim's own request is being answered."""
    return {"items": [items.get_resume(stage)], "token": stage.victim.token, "caller": stage.victim.sub} | changed


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
    good = actor.does(act("sign", **in_flight(stage)))
    no_token = act("sign", items=[items.get_resume(stage)])
    hers = in_flight(stage, token=stage.mallory.token, caller=stage.mallory.sub)
    named = in_flight(stage, token=stage.mallory.token)
    service: dict[str, Any] = {"items": [items.get_resume(stage)], "claims": {"service": "demo"}, "caller": None}
    forged_service = act("sign", token={"service": {"name": "demo", "scope": "media:read"}}, **service)
    good_service = actor.does(act("sign", token=stage.service_token, **service))
    file = "sign a read of the victim's private file,"
    return [
        actor.attempt("no-token", f"{file} no token", NO_TOKEN, [no_token], good),
        actor.attempt("other-token", f"{file} mallory's token", NOT_THE_OWNER, [act("sign", **hers)], good),
        actor.attempt("named", f"{file} mallory's as hers", NOT_THE_OWNER, [act("sign", **named)], good),
        *(
            actor.attempt(f"{way}-token", f"{file} {what}", NO_TOKEN, [act("sign", **_with(stage, token))], good)
            for way, (what, token) in forgeries(stage).items()
        ),
        actor.attempt("service-token", f"{file} a forged service", NO_TOKEN, [forged_service], good_service),
    ]


def _with(stage: Stage, token: Any) -> dict[str, Any]:
    return in_flight(stage, token=token)


def _operations(stage: Stage, actor: Actor) -> list[Attempt]:
    mine = {"token": stage.victim.token, "caller": stage.victim.sub}
    over, bare = items.put(stage.picture), items.without(items.put(stage.picture), "if_none_match")
    body = {"body": items.CONTENT}
    wanted: dict[str, tuple[str, Any, dict[str, Any]]] = {
        "put": ("write below users for the victim", lambda: [items.put(stage.fresh())], body),
        "delete": ("delete an object of the victim's", [items.delete(stage.spoils)], {}),
        "publish": ("publish the victim's private file", [items.publish(stage.resume)], {}),
    }
    fresh = actor.does(act("sign", items=wanted["put"][1], **mine, **body))
    return [
        *(
            actor.attempt(
                name,
                f"{says} with no token",
                NO_TOKEN,
                [act("sign", items=listed, **more)],
                # Publishing the picture, not the private file: it is public already.
                actor.does(act("sign", items=_control(stage, name, listed), **mine, **more)),
            )
            for name, (says, listed, more) in wanted.items()
        ),
        actor.attempt(
            "overwrite",
            "write over what is served, with the victim's token in flight",
            "S3: 412 PreconditionFailed",
            [act("sign", items=[over], **mine, **body)],
            fresh,
        ),
        actor.attempt(
            "bare-put",
            "the same, leaving If-None-Match out of the signature",
            "400 invalid_item",
            [act("sign", items=[bare], **mine, **body)],
            fresh,
        ),
    ]


def _control(stage: Stage, name: str, listed: Any) -> Any:
    return [items.publish(stage.picture)] if name == "publish" else listed


def _grants(stage: Stage, actor: Actor) -> list[Attempt]:
    good = actor.does(act("sign", **in_flight(stage)))
    longer = [items.get_resume(stage, expires_in=3_700)]
    changed: dict[str, tuple[str, str, dict[str, Any]]] = {
        "again": ("use a grant a second time", "409 grant_already_used", {"times": 2}),
        "replica": ("use a grant for replica b at replica a", NOT_A_GRANT, {"claims": {"aud": "countersign-signer/b"}}),
        "61s": ("make a grant that lasts 61 s", NOT_A_GRANT, {"claims": {"life": 61}}),
        "issuer": ("make a grant as the sweeper, with metadata's key", NOT_A_GRANT, {"issuer": "sweeper"}),
        "life": ("have a URL signed for more than an hour", "403 operation_not_permitted", {"items": longer}),
    }
    rows = [
        actor.attempt(name, says, expected, [act("sign", **in_flight(stage, **change))], good)
        for name, (says, expected, change) in changed.items()
    ]
    hers = {"token": stage.mallory.token, "caller": stage.mallory.sub}
    outside = [act("sign", items=[item], **hers) for item in _outside_the_grammar(stage)]
    says = "reach the victim's file by a key outside the grammar: .., //, NUL"
    return [*rows, actor.attempt("grammar", says, "400 invalid_item", outside, good)]


def _outside_the_grammar(stage: Stage) -> list[Item]:
    """Keys that begin with mallory and end at the victim."""
    sub, victim = stage.mallory.sub, stage.victim.sub
    way = f"../{victim}/resume/{stage.resume['id']}"
    return [
        items.get_resume(stage, owner=f"{sub}/../{victim}"),
        items.get_resume(stage, owner=sub, category=f"../{victim}/resume"),
        items.get_resume(stage, owner=sub, id=f"../{way}"),
        items.get_resume(stage, owner=f"{sub}//{victim}"),
        items.get_resume(stage, owner=f"{sub}\0{victim}"),
    ]


def _receipts(stage: Stage, actor: Actor) -> list[Attempt]:
    def shown(item: Item, receipt: str, **more: Any) -> Any:
        return act("sign", items=[item | {"receipt": receipt}], **more)

    resume, picture = items.get_resume(stage), items.get_picture(stage)
    hers = {"token": stage.mallory.token, "caller": stage.mallory.sub}
    published = actor.does(shown(picture, stage.receipt))
    signed_in = actor.does(shown(picture, stage.signed_in_receipt, **hers))
    forged = shown(resume, items.forged_receipt(stage.resume))
    changed = shown(picture, stage.signed_in_receipt.replace("signed_in", "public"))
    return [
        actor.attempt(
            "forged-receipt", "read the private file by a receipt of its own making", NOT_PUBLISHED, [forged], published
        ),
        actor.attempt(
            "other-receipt",
            "read the private file by the receipt of the public picture",
            NOT_PUBLISHED,
            [shown(resume, stage.receipt)],
            published,
        ),
        actor.attempt(
            "changed-receipt",
            "make a receipt for those signed in one for everyone",
            NOT_PUBLISHED,
            [changed],
            signed_in,
        ),
        actor.attempt(
            "signed-in",
            "use a receipt for those signed in with no token",
            NO_TOKEN,
            [shown(picture, stage.signed_in_receipt)],
            signed_in,
        ),
    ]
