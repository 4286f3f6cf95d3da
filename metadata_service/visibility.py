"""Who may read what a profile refers to: receipts come and go in the profile's own transaction.

So a receipt never outruns the flag that it follows, nor stays behind it, whoever is killed and whoever is faster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
    open_as_said = _open_as_said(profile, used)
    stored = objects.get_many(open_as_said)
    closing = {each for each in open_as_said if each in stored and not open_as_said[each] and _is_open(stored[each])}
    opening = [each for each in open_as_said if each in stored and open_as_said[each] and not stored[each].is_public]
    writes = {each.text(): objects.withdraw_write(each) for each in closing}
    for each, receipt in receipts.of(opening).items():
        writes[each.text()] = objects.publish_write(each, "public", receipt)
    return writes


def _open_as_said(profile: Profile, used: Iterable[str]) -> Mapping[ObjectKey, bool]:
    """The person's own objects in question, and whether the profile shows each: images always, a resume by its flag."""
    resume = profile.fields.get("resume_key")
    shown = {ObjectKey.parse(text): True for text in used}
    if resume:
        shown[ObjectKey.parse(resume)] = profile.fields.get("show_resume") is True
    return {object_key: is_shown for object_key, is_shown in shown.items() if object_key.owner == profile.user_id}


def _is_open(stored: StoredObject) -> bool:
    return stored.visibility != "private"
