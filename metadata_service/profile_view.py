"""What is shown of a profile: all of it to its owner, to others what they may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from . import links, media_urls, pictures
from .callers import Caller
from .errors import Unavailable
from .object_keys import ObjectKey
from .profile_objects import referred
from .store import profiles
from .store.links import Link
from .store.profiles import Profile

PUBLIC_FIELDS: Final = ("full_name", "title", "bio", "skills", "social_links")
FLAGS: Final = ("show_email", "show_phone", "show_resume")
OWN_FIELDS: Final = (*PUBLIC_FIELDS, "resume_key", "email", "phone", "date_of_birth")


def shown(profile: Profile, caller: Caller | None) -> dict[str, Any]:
    """The profile with its links and addresses, as this caller may see it."""
    is_own = caller is not None and caller.owner == profile.user_id
    fields = profile.fields
    urls = _addresses(profile, caller, is_own=is_own)
    return {
        "username": profile.username,
        **_given(fields, OWN_FIELDS if is_own else PUBLIC_FIELDS),
        **_contacts(fields),
        **{flag: fields.get(flag) is True for flag in FLAGS},
        **({"projects": _projects(fields["projects"], urls, is_own=is_own)} if "projects" in fields else {}),
        **_resume(fields, urls, is_own=is_own),
        **_picture(profile.user_id, caller, is_own=is_own),
        "links": [described(link) if is_own else public(link) for link in links.listed(profile.user_id)],
        **(_own(profile) if is_own else {}),
    }


def several(usernames: Sequence[str], caller: Caller | None) -> list[dict[str, Any]]:
    """A line for each of these people that there are, in the order asked."""
    found = profiles.by_usernames(usernames)
    people = [found[username] for username in usernames if username in found]
    addresses = _pictures([profile.user_id for profile in people], caller)
    return [
        {
            "username": profile.username,
            "full_name": profile.fields.get("full_name"),
            "title": profile.fields.get("title"),
            "avatar_urls": addresses[profile.user_id]["avatar_urls"],
        }
        for profile in people
    ]


def described(link: Link) -> dict[str, Any]:
    """A link as its owner sees it."""
    return {name: getattr(link, name) for name in Link.__slots__}


def public(link: Link) -> dict[str, Any]:
    """A link as everybody sees it."""
    return {"link_id": link.link_id, "title": link.title, "url": link.url, "order": link.order}


def _given(fields: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: fields[name] for name in names if name in fields}


def _contacts(fields: Mapping[str, Any]) -> dict[str, Any]:
    shown = [name for name in ("email", "phone") if fields.get(f"show_{name}") is True]
    return _given(fields, shown)


def _addresses(profile: Profile, caller: Caller | None, *, is_own: bool) -> Mapping[str, str]:
    """By key. Without the signer the owner sees what others see: the record is worth more than one address."""
    wanted = [ObjectKey.parse(text) for text in referred(profile.fields)]
    try:
        found = media_urls.addresses(wanted, caller if is_own else None)
    except Unavailable:
        found = media_urls.addresses(wanted, None)
    return {object_key.text(): url for object_key, url in found.items()}


def _projects(projects: Sequence[Any], urls: Mapping[str, str], *, is_own: bool) -> list[dict[str, Any]]:
    hidden = () if is_own else ("image_key",)
    return [
        {name: value for name, value in project.items() if name not in hidden}
        | {"image_url": urls.get(project.get("image_key"))}
        for project in projects
    ]


def _resume(fields: Mapping[str, Any], urls: Mapping[str, str], *, is_own: bool) -> dict[str, Any]:
    if "resume_key" not in fields or not (is_own or fields.get("show_resume") is True):
        return {}
    return {"resume_url": urls.get(fields["resume_key"])}


def _picture(owner: str, caller: Caller | None, *, is_own: bool) -> dict[str, Any]:
    addresses = _pictures([owner], caller)[owner]
    if not is_own:
        return addresses
    picture = pictures.current(owner)
    return {**addresses, "avatar_key": None if picture is None else picture.object_key.text()}


def _pictures(owners: Sequence[str], caller: Caller | None) -> dict[str, dict[str, Any]]:
    """By person. Without the signer everybody sees what anybody may see."""
    try:
        return pictures.addresses_of_many(owners, caller)
    except Unavailable:
        return pictures.addresses_of_many(owners)


def _own(profile: Profile) -> dict[str, Any]:
    return {"user_id": profile.user_id, "created_at": profile.created_at, "updated_at": profile.updated_at}
