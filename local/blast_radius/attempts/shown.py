"""Rows on publication receipts: what metadata may copy of them, and what is gone all the same."""

from typing import Any

from local.blast_radius import receipts as forging
from local.blast_radius.attempts.attempt import Actor, Attempt
from local.blast_radius.attempts.items import get_picture, get_resume, signed
from local.blast_radius.inside import Act
from local.blast_radius.stage import Item, Stage

NOT_PUBLISHED = "403 not_published"


def receipts(stage: Stage, actor: Actor, no_token: str) -> list[Attempt]:
    """Whom a receipt lets read what, until when."""
    resume, picture, held = get_resume(stage), get_picture(stage.picture), stage.receipts
    link, ended = held["link"], held["ended_link"]
    kid_and_visibility, issued, until, mac = link.rsplit(".", 3)
    prolonged = f"{kid_and_visibility}.{issued}.{int(until) + 60}.{mac}"
    forged = [_shown(resume, forging.made(stage.resume, visibility, 1 << 32)) for visibility in ("public", "link")]
    others = [_shown(resume, held["public"]), _shown(picture, link)]
    in_one_for_everyone = _shown(picture, held["signed_in"].replace("signed_in", "public"))
    past = [_shown(resume, ended), _shown(get_resume(stage, expires_in=3_500), link)]
    published = actor.beside(
        actor.does(_shown(picture, held["public"])),
        {
            "forged-receipt": ("read the private file by a receipt of its own making", NOT_PUBLISHED, forged),
            "other-receipt": ("read an object by the receipt of another", NOT_PUBLISHED, others),
            "erased": (
                "read an erased account's picture by a copy of its receipt",
                "S3: 404 NoSuchKey",
                [_shown(get_picture(stage.erased.picture), stage.erased.receipt)],
            ),
        },
    )
    signed_in = actor.beside(
        actor.does(_shown(picture, held["signed_in"], **stage.mallory.in_flight)),
        {
            "changed-receipt": (
                "make a receipt for those signed in one for everyone",
                NOT_PUBLISHED,
                [in_one_for_everyone],
            ),
            "signed-in": (
                "use a receipt for those signed in with no token",
                no_token,
                [_shown(picture, held["signed_in"])],
            ),
        },
    )
    linked = actor.beside(
        actor.does(_shown(resume, link)),
        {
            "link-end": ("use a share link's receipt past its end", NOT_PUBLISHED, past),
            "link-prolonged": ("change the end of a share link's receipt", NOT_PUBLISHED, [_shown(resume, prolonged)]),
        },
    )
    return published + signed_in + linked


def _shown(item: Item, receipt: str, **more: Any) -> Act:
    return signed([item | {"receipt": receipt}], **more)
