"""Who may read what a profile refers to: receipts come and go in the profile's own transaction.

So a receipt never outruns the flag that it follows, nor stays behind it, whoever is killed and whoever is faster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from . import ways_out
from .object_keys import ObjectKey
from .publication import Receipts
from .store import objects
from .store.dynamodb import Write
from .store.objects import StoredObject
from .store.profiles import Profile


def turning_writes(profile: Profile, used: Iterable[str], receipts: Receipts) -> dict[str, Write]:
    """By key, what opens and closes objects so that others may read what `profile` shows, and nothing that it hides.

    Of the resume, and of what is newly `used`. To join the transaction that writes `profile` over the row that was
    read before this was called: that row's version vouches for what is read here, since every receipt moves with it.
    """
    is_shown = _is_shown(profile, used)
    stored = objects.get_many(is_shown)
    wanted = {each: _visibility(found, is_shown=is_shown[each]) for each, found in stored.items()}
    turning = {each: visibility for each, visibility in wanted.items() if visibility != stored[each].visibility}
    writes = {each.text(): objects.withdraw_write(each) for each in turning if turning[each] == "private"}
    receipts_of = receipts.of({each: visibility for each, visibility in turning.items() if visibility != "private"})
    for each, receipt in receipts_of.items():
        writes[each.text()] = objects.publish_write(each, turning[each], receipt)
    return writes


def _is_shown(profile: Profile, used: Iterable[str]) -> Mapping[ObjectKey, bool]:
    """The person's own objects in question, and whether the profile shows each: images always, a resume by its flag."""
    resume = profile.fields.get("resume_key")
    shown = {ObjectKey.parse(text): True for text in used}
    if resume:
        shown[ObjectKey.parse(resume)] = profile.fields.get("show_resume") is True
    return {object_key: is_shown for object_key, is_shown in shown.items() if object_key.owner == profile.user_id}


def _visibility(stored: StoredObject, *, is_shown: bool) -> str:
    """What it is to have: what is shown is public, but open only to who is signed in where its kind says so."""
    if not is_shown:
        return "private"
    kind = ways_out.current().kinds.get(stored.kind)
    said = stored.visibility if kind is None else kind.visibility
    return "signed_in" if said == "signed_in" else "public"
