"""What is shown of a profile: all of it to its owner, to others what they may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from . import links, media_urls, pictures
from .callers import Caller
from .errors import Unauthorized, Unavailable
from .object_keys import LARGE, ObjectKey
from .profile_objects import referred
from .signer import NotPublished
from .store import objects, profiles
from .store.links import Link
from .store.pictures import Picture
from .store.profiles import Profile

Addresses = Mapping[str, Mapping[str, str]]
"""By key, those of every size."""

PUBLIC_FIELDS: Final = ("full_name", "title", "bio", "skills", "social_links")
FLAGS: Final = ("show_email", "show_phone", "show_resume")
OWN_FIELDS: Final = (*PUBLIC_FIELDS, "resume_key", "email", "phone", "date_of_birth")


def shown(profile: Profile, caller: Caller | None) -> dict[str, Any]:
    """The profile with its links and addresses, as this caller may see it."""
    is_own = caller is not None and caller.owner == profile.user_id
    fields = profile.fields
    picture = pictures.current(profile.user_id)
    urls = _addresses([*map(ObjectKey.parse, referred(fields)), *([picture.object_key] if picture else [])], caller)
    return {
        "username": profile.username,
        **_given(fields, OWN_FIELDS if is_own else PUBLIC_FIELDS),
        **_contacts(fields),
        **{flag: fields.get(flag) is True for flag in FLAGS},
        **({"projects": _projects(fields["projects"], urls, is_own=is_own)} if "projects" in fields else {}),
        **_resume(fields, urls, is_own=is_own),
        **_picture(picture, urls, is_own=is_own),
        "links": [described(link) if is_own else public(link) for link in links.listed(profile.user_id)],
        **(_own(profile) if is_own else {}),
    }


def several(usernames: Sequence[str], caller: Caller | None) -> list[dict[str, Any]]:
    """A line for each of these people that there are, in the order asked."""
    found = profiles.by_usernames(usernames)
    people = [found[username] for username in usernames if username in found]
    current = pictures.current_of_many(profile.user_id for profile in people)
    urls = _addresses([picture.object_key for picture in current.values()], caller)
    return [
        {
            "username": profile.username,
            "full_name": profile.fields.get("full_name"),
            "title": profile.fields.get("title"),
            "avatar_urls": _picture(current.get(profile.user_id), urls, is_own=False)["avatar_urls"],
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


def _addresses(object_keys: Sequence[ObjectKey], caller: Caller | None) -> Addresses:
    """By key, every size's address, all by one grant. What is shown without is worth more than one address.

    So if the signer signs nothing, or not for this caller, everybody sees what anybody may.
    """
    stored = objects.get_many(object_keys).values()
    try:
        found = media_urls.by_size(stored, caller)
    except (Unavailable, Unauthorized, NotPublished):
        found = media_urls.by_size(stored, None)
    return {object_key.text(): urls for object_key, urls in found.items()}


def _address(urls: Addresses, text: str | None) -> str | None:
    return urls[text][LARGE] if text is not None and text in urls else None


def _projects(projects: Sequence[Any], urls: Addresses, *, is_own: bool) -> list[dict[str, Any]]:
    hidden = () if is_own else ("image_key",)
    return [
        {name: value for name, value in project.items() if name not in hidden}
        | {"image_url": _address(urls, project.get("image_key"))}
        for project in projects
    ]


def _resume(fields: Mapping[str, Any], urls: Addresses, *, is_own: bool) -> dict[str, Any]:
    if "resume_key" not in fields or not (is_own or fields.get("show_resume") is True):
        return {}
    return {"resume_url": _address(urls, fields["resume_key"])}


def _picture(picture: Picture | None, urls: Addresses, *, is_own: bool) -> dict[str, Any]:
    text = None if picture is None else picture.object_key.text()
    spoken = pictures.addresses(urls.get(text) if text else None)
    return {**spoken, "avatar_key": text} if is_own else spoken


def _own(profile: Profile) -> dict[str, Any]:
    return {"user_id": profile.user_id, "created_at": profile.created_at, "updated_at": profile.updated_at}
