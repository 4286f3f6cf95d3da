"""Text, addresses and dates as people may give them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields, validate

LONGEST_URL: Final = 2_048
# C0, DEL and C1, and the byte order mark.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ufeff]")
_CONTROL_BUT_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff]")
_URL = re.compile(r"https?://[^\s<>\"\\]+", re.IGNORECASE)
# Without slashes: whatever is put before it, it stays a name and leads to no other host.
_HANDLE = re.compile(r"[^\s:/\\]*")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")


class Text(fields.String):
    """Text of at most so many characters, none of them a control character; `lines`: but newline and tab.

    `longest` None: as long as a request may be. With a `shortest`, it is not all spaces. `rule` raises ValidationError
    on what it should not be.
    """

    def __init__(
        self,
        longest: int | None,
        *,
        shortest: int = 0,
        lines: bool = False,
        rule: Callable[[str], None] | None = None,
        **options: Any,
    ) -> None:
        rules: list[Callable[[str], object]] = [validate.Length(shortest, longest)]
        rules += [_is_not_blank] if shortest else []
        rules += [rule] if rule else []
        super().__init__(validate=rules, **options)
        self._refused = _CONTROL_BUT_LINES if lines else _CONTROL

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        if self._refused.search(text):
            raise ValidationError("must hold no control characters")
        return text


def _is_not_blank(text: str) -> None:
    if text.isspace():
        raise ValidationError("must be more than spaces")


class Order(fields.Integer):
    """A whole number to sort by."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(-(2**31), 2**31 - 1), **options)


class Flag(fields.Boolean):
    """True or false, and not what merely reads like it."""

    truthy = {True}  # noqa: RUF012 - marshmallow's own way to say it
    falsy = {False}  # noqa: RUF012 - the same

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if not isinstance(value, bool):  # 1 == True
            raise self.make_error("invalid", input=value)
        return value


def is_url(text: str) -> None:
    """Raise ValidationError unless `text` is an absolute http or https URL."""
    try:
        is_absolute = bool(_URL.fullmatch(text) and urlsplit(text).hostname)
    except ValueError:
        is_absolute = False
    if not is_absolute:
        raise ValidationError("must be an http or https URL")


def is_url_or_nothing(text: str) -> None:
    """The same of a form's field that may be left empty."""
    if text:
        is_url(text)


def is_url_or_handle(text: str) -> None:
    """Raise ValidationError unless `text` is an http or https URL, or a name without colon, slash or space."""
    if not _HANDLE.fullmatch(text):
        is_url(text)


def is_email(text: str) -> None:
    """Raise ValidationError unless `text` looks like one e-mail address."""
    if not _EMAIL.fullmatch(text):
        raise ValidationError("must be an e-mail address")


def is_date(text: str) -> None:
    """Raise ValidationError unless `text` is a date, or a date and time, in ISO 8601."""
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            read(text)
        except ValueError:
            continue
        return
    raise ValidationError("must be a date such as 1990-12-31")
