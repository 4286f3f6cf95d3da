"""The objects that a profile refers to: reading the keys that clients post, and what a change of them entails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any, Final

from .callers import Caller
from .object_keys import InvalidKey, ObjectKey
from .store import objects
from .store.dynamodb import Write
from .store.profiles import Profile
from .uploads import posting
from .uploads.posting import Posted

MOST_AT_ONCE: Final = 40
"""Objects put to use and let go in one transaction: each takes two writes of the hundred that one may have."""

Fields = dict[str, Any]
Known = AbstractSet[tuple[str, str]]
"""Category and key of what the profile has already."""


@dataclass(frozen=True, slots=True)
class Step:
    """A profile to be written, with the objects that it puts to use and lets go; the last one is what was wanted."""

    profile: Profile
    used: tuple[str, ...]
    retired: tuple[str, ...]
    is_last: bool

    def writes(self, turning: Mapping[str, Write]) -> list[Write]:
        """What must be written with the profile; `turning` opens and closes objects, by key."""
        owner = self.profile.user_id
        used = [
            write for text in self.used for write in objects.use_writes(owner, ObjectKey.parse(text), turning.get(text))
        ]
        kept = [write for text, write in turning.items() if text not in self.used]
        retired = [write for text in self.retired for write in objects.retire_writes(owner, ObjectKey.parse(text))]
        return used + kept + retired


def settled(caller: Caller, posted: Mapping[str, Any], before: Profile | None) -> Fields:
    """The posted fields with keys for what they posted of objects, every upload that they name complete.

    Keys that the profile has already, in a field of the same category, are taken as they are. Raises what
    `posting.settle` does.
    """
    known = set() if before is None else {(name.kind_category, name.text) for name in _named(before.fields)}
    fields = _with_keys(caller, posted, known)
    named = [name for name in _named(fields) if (name.kind_category, name.text) not in known]
    by_text = {name.text: key.text() for name, key in zip(named, posting.settle(caller, named), strict=True)}
    fields.pop("avatar_key", None)  # completing it made it the current picture
    return _replaced(fields, lambda text: by_text.get(text, text))


def referred(fields: Mapping[str, Any]) -> list[str]:
    """The keys of the objects that a profile's fields refer to."""
    images = [project["image_key"] for project in fields.get("projects", ()) if project.get("image_key")]
    return ([fields["resume_key"]] if fields.get("resume_key") else []) + images


def next_step(before: Profile | None, wanted: Profile) -> Step:
    """The whole change, or where it touches too many objects for one transaction the first part of it.

    A part, too, is a profile that refers to all objects which are in use and to no other.
    """
    old = [] if before is None else referred(before.fields)
    new = referred(wanted.fields)
    used = [text for text in dict.fromkeys(new) if text not in old]
    retired = [text for text in dict.fromkeys(old) if text not in new]
    if len(used) + len(retired) <= MOST_AT_ONCE:
        return Step(wanted, tuple(used), tuple(retired), is_last=True)
    if before is not None and retired:
        going = tuple(retired[:MOST_AT_ONCE])
        lighter = replace(wanted, username=before.username, fields=_without(before.fields, going))
        return Step(lighter, (), going, is_last=False)
    coming = tuple(used[:MOST_AT_ONCE])
    lighter = replace(wanted, fields=_without(wanted.fields, used[MOST_AT_ONCE:]))
    return Step(lighter, coming, (), is_last=False)


def _with_keys(caller: Caller, posted: Mapping[str, Any], known: Known) -> Fields:
    """The fields with every `*_url` read for a key, where the `*_key` is absent, and then dropped."""
    fields = dict(posted)
    for key_name, url_names, category in _URLS:
        _take_key(caller, fields, key_name, [fields.pop(name, None) for name in url_names], category, known)
    if fields.get("projects"):
        fields["projects"] = [dict(project) for project in fields["projects"]]
        for project in fields["projects"]:
            _take_key(caller, project, "image_key", [project.pop("image_url", None)], "projects", known)
            if project.get("image_key") is None:
                project.pop("image_key", None)
    return fields


_URLS: Final = (
    ("avatar_key", ("profile_image_url", "avatar_url"), "profile"),
    ("resume_key", ("resume_url",), "resume"),
)


def _take_key(
    caller: Caller, fields: Fields, name: str, urls: Sequence[str | None], category: str, known: Known
) -> None:
    if name in fields:
        return
    for url in filter(None, urls):
        found = _read(url)
        if found is None or found.category != category:
            continue
        text = found.text() if (category, found.text()) in known else posting.key_of_url(caller, url)
        if text is not None:
            fields[name] = text
            return


def _named(fields: Mapping[str, Any]) -> Iterator[Posted]:
    if fields.get("avatar_key") is not None:
        yield Posted("avatar_key", "profile", fields["avatar_key"])
    if fields.get("resume_key") is not None:
        yield Posted("resume_key", "resume", fields["resume_key"])
    for number, project in enumerate(fields.get("projects") or ()):
        if "image_key" in project:
            yield Posted(f"projects[{number}].image_key", "projects", project["image_key"])


def _replaced(fields: Fields, spelled: Any) -> Fields:
    if fields.get("resume_key"):
        fields["resume_key"] = spelled(fields["resume_key"])
    for project in fields.get("projects") or ():
        if "image_key" in project:
            project["image_key"] = spelled(project["image_key"])
    return fields


def _without(fields: Mapping[str, Any], dropped: Sequence[str]) -> Fields:
    lighter = dict(fields)
    if lighter.get("resume_key") in dropped:
        del lighter["resume_key"]
    lighter["projects"] = [
        {name: value for name, value in project.items() if name != "image_key" or value not in dropped}
        for project in fields.get("projects", ())
    ]
    return lighter


def _read(text: str) -> ObjectKey | None:
    try:
        return ObjectKey.read_posted(text)
    except InvalidKey:
        return None
