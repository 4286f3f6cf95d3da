"""The kinds of files that may be uploaded: data, read once on start from kinds.toml, every fault named at once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .object_keys import CATEGORIES

PACKAGED: Final = Path(__file__).with_name("kinds.toml")
VISIBILITIES: Final = ("public", "signed_in", "private")
METHODS: Final = ("PUT", "POST")
"""How a file may be sent: raw, or in a form."""
PICTURE_FORMATS: Final = {
    "image/jpeg": "JPEG",
    "image/jpg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
}
PDF: Final = "application/pdf"
EXTENSIONS_OF_TYPE: Final = {
    "image/jpeg": ("jpg", "jpeg"),
    "image/jpg": ("jpg", "jpeg"),
    "image/png": ("png",),
    "image/webp": ("webp",),
    "image/gif": ("gif",),
    PDF: ("pdf",),
}
LONGEST_UPLOAD_EXPIRY: Final = 900
LONGEST_READING_EXPIRY: Final = 3_600
LARGEST_FILE: Final = 64 * 1024 * 1024
"""Bytes; a file is held in memory while it is inspected."""


class FaultyKinds(ValueError):
    """The file of kinds is not right; `faults` says each that was found, one sentence each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Kind:
    """One file type and its rules; times in seconds, sizes in bytes and pixels."""

    name: str
    category: str
    accepts: tuple[str, ...]
    max_bytes: int
    upload_expiry: int
    reading_expiry: int
    sign_type: bool
    require_length: bool
    visibility: str
    max_pixels: int = 0
    max_side: int = 0
    quality: int = 0
    method: str = "PUT"
    """How it is sent where the client does not say."""
    multipart_above: int = 0
    """Bytes above which an upload may come in parts; 0: never."""
    quota_objects: int = 0
    """Objects of this kind that a person may have; 0: any number."""
    quota_bytes: int = 0
    """Bytes that a person's objects of this kind may take, all sizes together; 0: any number."""
    settle_on_list: bool = False
    """Whether asking for the list completes what is pending, for clients that never say that they are done."""

    @property
    def is_picture(self) -> bool:
        """Whether it is decoded and stored as JPEGs, rather than inspected and stored as it is."""
        return PDF not in self.accepts

    @property
    def ext(self) -> str:
        """The extension of what is served."""
        return "jpg" if self.is_picture else "pdf"

    @property
    def window(self) -> int:
        """How long all who ask for a public object get the same URL."""
        return self.reading_expiry // 2

    @property
    def formats(self) -> tuple[str, ...]:
        """The decoder's names of the accepted picture types, each once."""
        return tuple(dict.fromkeys(PICTURE_FORMATS[accepted] for accepted in self.accepts))


class Kinds(Mapping[str, Kind]):
    """Every kind by its name, as clients say it in `file_type`."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._kinds = dict(kinds)
        self._by_category = {kind.category: kind for kind in reversed(self._kinds.values())}

    def __getitem__(self, name: str) -> Kind:
        return self._kinds[name]

    def __iter__(self) -> Any:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    def reading_expiry(self, name: str | None, category: str) -> int:
        """How long URLs of an object live, by its kind or, where that is gone, by the first of its category."""
        kind = self._kinds.get(name or "") or self._by_category.get(category)
        return kind.reading_expiry if kind else 300


def read(path: Path | None = None) -> Kinds:
    """The kinds of a file, of the packaged one by default. Raises FaultyKinds."""
    source = path or PACKAGED
    try:
        tables = tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise FaultyKinds([f"{source}: {fault}"]) from fault
    return made(tables)


def made(tables: Mapping[str, Any]) -> Kinds:
    """The kinds that tables describe. Raises FaultyKinds with every fault of every table."""
    faults = [fault for name, table in tables.items() for fault in _faults(name, table)]
    if not tables:
        faults.append("there is no kind at all")
    if faults:
        raise FaultyKinds(faults)
    return Kinds(
        {name: Kind(name=name, **table | {"accepts": tuple(table["accepts"])}) for name, table in tables.items()}
    )


_EVERY: Final = {
    "category": str,
    "accepts": list,
    "max_bytes": int,
    "upload_expiry": int,
    "reading_expiry": int,
    "sign_type": bool,
    "require_length": bool,
    "visibility": str,
}
_OF_PICTURES: Final = {"max_pixels": int, "max_side": int, "quality": int}
_MAY_HAVE: Final = {
    "method": str,
    "multipart_above": int,
    "quota_objects": int,
    "quota_bytes": int,
    "settle_on_list": bool,
}
_RANGES: Final = {
    "max_bytes": (1, LARGEST_FILE),
    "upload_expiry": (1, LONGEST_UPLOAD_EXPIRY),
    "reading_expiry": (2, LONGEST_READING_EXPIRY),
    "max_pixels": (1, 200_000_000),
    "max_side": (1, 65_535),
    "quality": (1, 95),
    "multipart_above": (0, LARGEST_FILE),
    "quota_objects": (0, 2**40),
    "quota_bytes": (0, 2**50),
}


def _faults(name: str, table: Any) -> list[str]:
    if not isinstance(table, dict):
        return [f"{name}: must be a table"]
    types = _types_that_are_wrong(name, table)
    return types or [*_values_out_of_range(name, table), *_contradictions(name, table)]


def _types_that_are_wrong(name: str, table: dict[str, Any]) -> list[str]:
    is_document = PDF in table["accepts"] if isinstance(table.get("accepts"), list) else False
    wanted = _EVERY if is_document else _EVERY | _OF_PICTURES
    missing = [f"{name}.{field}: is missing" for field in wanted if field not in table]
    wanted = wanted | _MAY_HAVE
    unknown = [f"{name}.{field}: is not a field of a kind" for field in table if field not in wanted]
    # type() and not isinstance(): a bool is an int in Python, and never a size.
    wrong = [
        f"{name}.{field}: must be a {kind.__name__}"
        for field, kind in wanted.items()
        if field in table and type(table[field]) is not kind
    ]
    return missing + unknown + wrong


def _values_out_of_range(name: str, table: dict[str, Any]) -> list[str]:
    return [
        f"{name}.{field}: must be {low} to {high}"
        for field, (low, high) in _RANGES.items()
        if field in table and not low <= table[field] <= high
    ]


def _contradictions(name: str, table: dict[str, Any]) -> list[str]:
    accepts = table["accepts"]
    unknown = [text for text in accepts if not isinstance(text, str) or text not in EXTENSIONS_OF_TYPE]
    found = [f"{name}.accepts: {text!r} is no type that can be taken" for text in unknown]
    if not accepts:
        found.append(f"{name}.accepts: must name a content type")
    if PDF in accepts and len(accepts) > 1:
        found.append(f"{name}.accepts: {PDF} stands alone")
    if PDF in accepts and table["category"] in ("profile", "photos"):
        found.append(f"{name}.accepts: {PDF} is no picture, as category {table['category']} has them")
    if table["category"] not in CATEGORIES:
        found.append(f"{name}.category: must be one of {', '.join(CATEGORIES)}")
    if table["visibility"] not in VISIBILITIES:
        found.append(f"{name}.visibility: must be one of {', '.join(VISIBILITIES)}")
    if table.get("method", "PUT") not in METHODS:
        found.append(f"{name}.method: must be one of {', '.join(METHODS)}")
    if table["reading_expiry"] % 2:
        found.append(f"{name}.reading_expiry: must be even, for windows are half of it")
    return found
