"""Object keys: `users/{owner}/{category}/{id}[-{size}].{ext}`, made from typed parts or read from text, strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

CATEGORIES: Final = ("profile", "projects", "resume", "photos")
EXTENSIONS: Final = {"jpg": "image/jpeg", "pdf": "application/pdf"}
"""What is served, by extension: every picture is a JPEG, every document a PDF."""
LARGE: Final = "800"
"""The size that the key without a size holds."""
SIZES: Final = ("150", "400", LARGE)
USERS: Final = "users"
INCOMING: Final = "incoming"

_OWNER: Final = r"(?:(?!h-|s-)[A-Za-z0-9][A-Za-z0-9_-]{0,127}|h-[0-9a-f]{40}|s-[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)"
_UUID4: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_GRAMMAR: Final = (
    rf"users/(?P<owner>{_OWNER})/(?P<category>{'|'.join(CATEGORIES)})/(?P<id>{_UUID4})"
    rf"(?:-(?P<size>150|400))?\.(?P<ext>{'|'.join(EXTENSIONS)})"
)
_KEY = re.compile(_GRAMMAR)
_POSTED = re.compile(rf"(?:.*/)?(?P<served_key>{_GRAMMAR})(?:[?#].*)?", re.DOTALL)
_ID = re.compile(_UUID4)
_OWNER_FORM = re.compile(_OWNER)
LONGEST_POSTED: Final = 8_192
"""Characters: a presigned URL posted back may hold a role session's token."""


class InvalidKey(ValueError):
    """Text or parts outside the grammar of object keys."""


def is_upload_id(text: str) -> bool:
    """Whether `text` is a UUID v4 in lower case, as every upload's id is."""
    return _ID.fullmatch(text) is not None


def is_owner(text: str) -> bool:
    """Whether `text` is an owner as keys have them."""
    return _OWNER_FORM.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """One served object, in all its sizes; raises InvalidKey on parts outside the grammar."""

    owner: str
    category: str
    id: str
    ext: str

    def __post_init__(self) -> None:
        if (
            not is_owner(self.owner)
            or self.category not in CATEGORIES
            or not is_upload_id(self.id)
            or self.ext not in EXTENSIONS
        ):
            raise InvalidKey("not the parts of an object key")

    def text(self, size: str = LARGE) -> str:
        """The key of one size, as databases and answers hold it."""
        suffix = "" if size == LARGE else f"-{size}"
        return f"users/{self.owner}/{self.category}/{self.id}{suffix}.{self.ext}"

    @property
    def incoming(self) -> str:
        """Where the client's own bytes go; never served."""
        return f"incoming/{self.text()}"

    @property
    def content_type(self) -> str:
        """The type that is served, as the extension says."""
        return EXTENSIONS[self.ext]

    @property
    def is_picture(self) -> bool:
        """Whether it has sizes."""
        return self.ext == "jpg"

    @property
    def sizes(self) -> tuple[str, ...]:
        """The sizes that there are of it: three of a picture, the one of a document."""
        return SIZES if self.is_picture else (LARGE,)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The object that a key of any size names. Raises InvalidKey."""
        return cls.parse_with_size(text)[0]

    @classmethod
    def parse_with_size(cls, text: str) -> tuple[Self, str]:
        """The object and the size that a served key names, `800` where it has none. Raises InvalidKey."""
        found = _KEY.fullmatch(text)
        if found is None or (found["size"] and found["ext"] != "jpg"):
            raise InvalidKey("not an object key")
        return cls(found["owner"], found["category"], found["id"], found["ext"]), found["size"] or LARGE

    @classmethod
    def read_posted(cls, text: str) -> Self:
        """A key as clients post it back, in which a query, and what stands before the key, are cut. Raises InvalidKey.

        Clients post the whole URL of the upload, or its path with the bucket in it; past the cut the grammar holds.
        """
        found = _POSTED.fullmatch(text) if len(text) <= LONGEST_POSTED else None
        if found is None:
            raise InvalidKey("not an object key")
        return cls.parse(found["served_key"])
