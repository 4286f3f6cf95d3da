"""The credentials that DynamoDB requests are signed with, as they are right now.

A named credentials file is read here, and again when it changes; everything else (roles, containers, the environment)
is botocore's chain, imported only then: it costs as much memory as the rest of a worker's libraries.
"""

from __future__ import annotations

import configparser
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ..errors import Unavailable

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials


class Credentials(NamedTuple):
    """An access key; `token` is a role session's, or empty."""

    access_key_id: str
    secret: str
    token: str = ""


Source = Callable[[], Credentials]


def source(shared_file: str = "") -> Source:
    """Where credentials come from: the default profile of a shared credentials file, or botocore's chain."""
    return SharedFile(shared_file) if shared_file else Chain()


class SharedFile:
    """The `[default]` profile of a file in the form of ~/.aws/credentials."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._read: tuple[tuple[int, int, int], Credentials] | None = None

    def __call__(self) -> Credentials:
        """The file's credentials. Raises Unavailable."""
        try:
            found = os.stat(self._path)
            version = (found.st_mtime_ns, found.st_ino, found.st_size)
            if self._read is None or self._read[0] != version:
                self._read = (version, _profile(self._path))
            return self._read[1]
        except (OSError, configparser.Error, KeyError) as fault:
            raise Unavailable("the credentials cannot be read") from fault


class Chain:
    """botocore's chain of providers; it renews credentials that expire by itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: Callable[[], ReadOnlyCredentials] | None = None

    def __call__(self) -> Credentials:
        """The chain's credentials. Raises Unavailable."""
        with self._lock:
            frozen = (self._found or self._find())()
        return Credentials(frozen.access_key or "", frozen.secret_key or "", frozen.token or "")

    def _find(self) -> Callable[[], ReadOnlyCredentials]:
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session

        try:
            credentials = Session().get_credentials()
        except BotoCoreError as fault:
            raise Unavailable("the credentials cannot be found") from fault
        if credentials is None:
            raise Unavailable("there are no credentials for DynamoDB")
        self._found = credentials.get_frozen_credentials
        return credentials.get_frozen_credentials


def _profile(path: str) -> Credentials:
    parser = configparser.RawConfigParser()
    with open(path, encoding="utf-8") as file:
        parser.read_file(file)
    profile = parser["default"]
    return Credentials(
        profile["aws_access_key_id"], profile["aws_secret_access_key"], profile.get("aws_session_token", "")
    )
