"""What can be asked for in one request of up to a hundred."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MOST_ITEMS = 100


@dataclass(frozen=True, slots=True)
class Get:
    """A URL to read an object. `size`: 150, 400 or 800 pixels; `expires_in`: seconds, at most 900."""

    object_key: str
    size: int | None = None
    expires_in: int = 300
    download_as: str | None = None

    def spoken(self) -> dict[str, Any]:
        """The item as the interface has it."""
        named = {"size": self.size, "download_as": self.download_as}
        return {"op": "get", "key": self.object_key, "expires_in": self.expires_in, **_given(named)}


@dataclass(frozen=True, slots=True)
class Put:
    """An upload into the service's own space. `content_length` in bytes, `checksum_sha256` in base64."""

    file_type: str
    content_type: str
    content_length: int | None = None
    checksum_sha256: str | None = None
    file_extension: str | None = None

    def spoken(self) -> dict[str, Any]:
        """The item as the interface has it."""
        named = {
            "content_length": self.content_length,
            "checksum_sha256": self.checksum_sha256,
            "file_extension": self.file_extension,
        }
        # Said, for a kind may prefer forms.
        described = {"file_type": self.file_type, "content_type": self.content_type, "method": "PUT"}
        return {"op": "put", **described, **_given(named)}


def _given(named: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in named.items() if value is not None}
