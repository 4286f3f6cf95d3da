"""The listening socket, made and taken away. After the filter is in place no other can be made."""

import contextlib
import os
import socket
from pathlib import Path

_BACKLOG = 128
_GROUP_MAY_CONNECT = 0o007  # umask: the folder's group is those who may


def listen(path: Path) -> tuple[socket.socket, int]:
    """A listening socket at `path`, and its inode. One that stands there is replaced in one step."""
    new = path.with_name(path.name + ".new")
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(_GROUP_MAY_CONNECT)
    try:
        listener.bind(str(new))
    finally:
        os.umask(before)
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    inode = new.stat().st_ino
    new.rename(path)
    return listener, inode


def remove(path: Path, inode: int) -> None:
    """Take the socket's name away, unless a newer server has put its own there."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_ino == inode:
            path.unlink()
