"""Attempts on the kernel: other processes, programs, and more than one's share. Chiefly the decoder's."""

import ctypes
import mmap
import os
import time
from typing import Any

Told = tuple[str, Any]

PTRACE_SEIZE, PTRACE_DETACH = 0x4206, 17
IO_URING_SETUP = 425  # the same number on x86-64 and arm64
_libc = ctypes.CDLL(None, use_errno=True)


def signal_to(pid: int) -> Told:
    """Ask whether a signal would be let through; none is sent."""
    os.kill(pid, 0)
    return "allowed", None


def trace(pid: int) -> Told:
    """Attach to another process as a debugger does, without stopping it."""
    none = ctypes.c_void_p(None)
    if _libc.ptrace(PTRACE_SEIZE, pid, none, none) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    return "attached", None  # the end of this process detaches


def run_a_program() -> Told:
    """Become another program, in a process of its own where one can be had."""
    pid = os.posix_spawn("/bin/true", ["true"], {})
    return f"exit {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}", None


def fork() -> Told:
    """Make a process that would outlive the request."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return "a process", None


def ring() -> Told:
    """Make an io_uring, whose sockets no filter sees."""
    parameters = (ctypes.c_char * 120)()  # struct io_uring_params, all zero
    descriptor = _libc.syscall(ctypes.c_long(IO_URING_SETUP), 1, ctypes.byref(parameters))
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "io_uring_setup")
    os.close(descriptor)
    return "a ring", None


def take_memory(octets: int) -> Told:
    """Map memory; no page of it is touched."""
    mmap.mmap(-1, octets, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    return "mapped", None


def take_time(seconds: float) -> Told:
    """Burn CPU."""
    while time.process_time() < seconds:
        pass
    return f"{seconds:g} s", None
