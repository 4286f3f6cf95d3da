"""Takes powers away from this process, for good: seccomp by ctypes, rlimits, undumpable. Linux, x86-64 and arm64 only.

Two filters, the second on top of the first. `forbid_the_way_out` is for the whole service, once it listens: no new
socket, no other program, no look into another process. `keep_only_decoding` is for a forked child: whatever it does
not need is denied, so it can open no file, signal nobody and make no process. A filter is inherited and cannot be
taken off (seccomp(2)).
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import socket
import struct
from collections.abc import Iterable

from image_service import syscalls

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 5
OPEN_FILES = 8

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_SECCOMP_SET_MODE_FILTER, _ON_EVERY_THREAD = 1, 1
_KILL_PROCESS, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_OFFSET_OF_NUMBER, _OFFSET_OF_ARCHITECTURE = 0, 4  # struct seccomp_data
_X32_NUMBERS_BEGIN = 0x40000000

# machine: (column in syscalls.py, AUDIT_ARCH of linux/audit.h, number of seccomp itself)
_MACHINES = {"x86_64": (0, 0xC000003E, 317), "aarch64": (1, 0xC00000B7, 277)}

_libc = ctypes.CDLL(None, use_errno=True)


class SandboxUnavailable(Exception):
    """A wall could not be put up; the service must not go on without it."""


def make_undumpable() -> None:
    """Keep others of the same user from reading this process's memory and environment (prctl(2), PR_SET_DUMPABLE)."""
    _prctl(_PR_SET_DUMPABLE, 0)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when `parent` ends, also where it has ended already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def limit_resources(*, cpu_seconds: int = CPU_SECONDS) -> None:
    """Set limits, hard ones, that hold from here to the process's end; CPU counts from its start.

    At the limit of CPU comes SIGXCPU, which says whose fault it was. The child's filter lets nobody be deaf to it; if
    somebody were, the kernel would kill a second later.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def forbid_the_way_out() -> None:
    """Deny every call in `syscalls.FORBIDDEN` from now on, and try it; accept() and fork() go on working.

    Raises SandboxUnavailable.
    """
    _install(_program(_numbers(syscalls.FORBIDDEN.values()), listed=_ERRNO | errno.EPERM, others=_ALLOW))
    _try_the_way_out()


def keep_only_decoding() -> None:
    """Deny every call but those in `syscalls.NEEDED_TO_DECODE`. Raises SandboxUnavailable."""
    _install(_program(_numbers(syscalls.NEEDED_TO_DECODE.values()), listed=_ALLOW, others=_ERRNO | errno.EPERM))


def _try_the_way_out() -> None:
    try:
        socket.socket(socket.AF_UNIX).close()
    except PermissionError:
        return
    raise SandboxUnavailable("socket() still works behind the filter")


def _machine() -> tuple[int, int, int]:
    try:
        return _MACHINES[platform.machine()]
    except KeyError:
        raise SandboxUnavailable(f"no filter is known for {platform.machine()}") from None


def _numbers(rows: Iterable[tuple[int | None, int | None]]) -> list[int]:
    column = _machine()[0]
    return [number for row in rows if (number := row[column]) is not None]


def _program(numbers: list[int], *, listed: int, others: int) -> bytes:
    """Classic BPF: another architecture, or x32's numbers, kill; `listed` for these numbers, `others` else."""
    steps = [
        _step(_LOAD, _OFFSET_OF_ARCHITECTURE),
        _step(_JUMP_IF_EQUAL, _machine()[1], 1, 0),
        _step(_RETURN, _KILL_PROCESS),
        _step(_LOAD, _OFFSET_OF_NUMBER),
        _step(_JUMP_IF_AT_LEAST, _X32_NUMBERS_BEGIN, 0, 1),
        _step(_RETURN, _KILL_PROCESS),
    ]
    for number in numbers:
        steps += [_step(_JUMP_IF_EQUAL, number, 0, 1), _step(_RETURN, listed)]
    return b"".join([*steps, _step(_RETURN, others)])


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)  # struct sock_filter


class _SockFprog(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def _install(program: bytes) -> None:
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)  # else only root may filter
    filter_ = _SockFprog(len(program) // 8, program)
    number = ctypes.c_long(_machine()[2])
    if _libc.syscall(number, _SECCOMP_SET_MODE_FILTER, _ON_EVERY_THREAD, ctypes.byref(filter_)) != 0:
        raise SandboxUnavailable(f"seccomp: {os.strerror(ctypes.get_errno())}")


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise SandboxUnavailable(f"prctl({option}): {os.strerror(ctypes.get_errno())}")
