"""Object keys: one grammar, built here from typed fields and never taken as a string."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

INCOMING, USERS = "incoming", "users"
AREAS: Final = (INCOMING, USERS)
CATEGORIES: Final = ("profile", "projects", "resume", "photos")
TYPE_OF_EXTENSION: Final = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "pdf": "application/pdf",
}
LARGE: Final = "800"  # the size that the key without a size holds
SMALLER_SIZES: Final = ("150", "400")

SERVICE_NAME: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_OWNER = re.compile(rf"(?!h-|s-)[A-Za-z0-9][A-Za-z0-9_-]{{0,127}}|h-[0-9a-f]{{40}}|s-{SERVICE_NAME}", re.ASCII)
_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)


def is_owner(text: object) -> bool:
    """Whether this is an owner's form: a plain `sub`, `h-` and 40 hex digits, or `s-` and a service's name."""
    return isinstance(text, str) and _OWNER.fullmatch(text) is not None


def is_uuid4(text: object) -> bool:
    """Whether this is a UUID v4 in lower case (RFC 9562 §5.4)."""
    return isinstance(text, str) and _UUID4.fullmatch(text) is not None


class InvalidKey(ValueError):
    """A part outside the grammar: `part` is its name, `wanted` says what would be right."""

    def __init__(self, part: str, wanted: str) -> None:
        super().__init__(f"{part} must be {wanted}")
        self.part, self.wanted = part, wanted


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """An object's key, `[incoming/]users/{owner}/{category}/{id}[-{size}].{ext}`; raises InvalidKey on anything else.

    No character of a valid key needs percent-encoding in a URL's path.
    """

    area: str
    owner: str
    category: str
    id: str
    ext: str

    def __post_init__(self) -> None:
        if self.area not in AREAS:
            raise InvalidKey("area", "incoming or users")
        if not is_owner(self.owner):
            raise InvalidKey("owner", "an owner's form")
        if self.category not in CATEGORIES:
            raise InvalidKey("category", "one of " + ", ".join(CATEGORIES))
        if not is_uuid4(self.id):
            raise InvalidKey("id", "a UUID v4 in lower case")
        if self.ext not in TYPE_OF_EXTENSION:
            raise InvalidKey("ext", "one of " + ", ".join(TYPE_OF_EXTENSION))

    @property
    def content_type(self) -> str:
        """The media type that the extension stands for."""
        return TYPE_OF_EXTENSION[self.ext]

    def text(self, size: str | None = None) -> str:
        """The key as S3 knows it; `size` is 150 or 400, or None (or 800) for the largest. Raises InvalidKey."""
        if size is None or size == LARGE:
            suffix = ""
        elif size in SMALLER_SIZES and self.area == USERS:
            suffix = "-" + size
        else:
            raise InvalidKey("size", "150 or 400, and only below users")
        prefix = "incoming/users" if self.area == INCOMING else "users"
        return f"{prefix}/{self.owner}/{self.category}/{self.id}{suffix}.{self.ext}"
