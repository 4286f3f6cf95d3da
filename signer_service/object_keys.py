"""Object keys: one grammar, built here from typed fields and never taken as a string."""

import re
from dataclasses import dataclass
from typing import Final

USERS: Final = "users"
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

SERVICE_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
PLAIN_OWNER: Final = re.compile(r"(?!h-|s-)[A-Za-z0-9][A-Za-z0-9_-]{0,127}", re.ASCII)
_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)
# A part's grammar, and what to tell who missed it.
PARTS: Final = {
    "area": (re.compile("incoming|users"), "incoming or users"),
    "owner": (
        re.compile(rf"{PLAIN_OWNER.pattern}|h-[0-9a-f]{{40}}|s-{SERVICE_NAME.pattern}", re.ASCII),
        "an owner's form: a plain sub, h- and 40 hex digits, or s- and a service's name",
    ),
    "category": (re.compile("|".join(CATEGORIES)), "one of " + ", ".join(CATEGORIES)),
    "id": (_UUID4, "a UUID v4 in lower case"),
    "ext": (re.compile("|".join(TYPE_OF_EXTENSION)), "one of " + ", ".join(TYPE_OF_EXTENSION)),
}


def is_uuid4(text: object) -> bool:
    """Whether this is a UUID v4 in lower case (RFC 9562 §5.4)."""
    return isinstance(text, str) and _UUID4.fullmatch(text) is not None


class InvalidKey(ValueError):
    """A part outside the grammar; the message names it and says what would be right."""


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
        for part, (grammar, wanted) in PARTS.items():
            text = getattr(self, part)
            if not isinstance(text, str) or not grammar.fullmatch(text):
                raise InvalidKey(f"{part} must be {wanted}")

    def text(self, size: str | None = None) -> str:
        """The key as S3 knows it; `size` is 150 or 400, or None (or 800) for the largest. Raises InvalidKey."""
        if size not in (None, LARGE, *SMALLER_SIZES) or (size is not None and self.area != USERS):
            raise InvalidKey("size must be 150 or 400, and only below users")
        suffix = f"-{size}" if size in SMALLER_SIZES else ""
        prefix = "users" if self.area == USERS else "incoming/users"
        return f"{prefix}/{self.owner}/{self.category}/{self.id}{suffix}.{self.ext}"
