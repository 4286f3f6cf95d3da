"""Puts the service's own sandbox round itself, then tries to get out, and prints what came of each attempt.

`python captive.py service` has the filter of the whole service, `python captive.py child` that of a decode on top.
Further words are the names of the attempts to make.
"""

import ctypes
import errno
import json
import os
import resource
import signal
import socket
import sys

from image_service import sandbox

libc = ctypes.CDLL(None, use_errno=True)
listener = socket.socket(socket.AF_UNIX)
listener.bind(f"\0captive-{os.getpid()}")
listener.listen()
client = socket.socket(socket.AF_UNIX)
client.connect(listener.getsockname())
unconnected = socket.socket(socket.AF_INET)
NUMBERS = {"ptrace": 101, "io_uring_setup": 425, "process_vm_readv": 310, "bpf": 321, "keyctl": 250, "userfaultfd": 323}


def raw(number: int, *arguments: int) -> None:
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def fork() -> None:
    if os.fork() == 0:
        os._exit(0)


ATTEMPTS = {
    "accept": lambda: listener.accept(),
    "read_own": lambda: os.read(PIPE[0], 1),
    "socket": lambda: socket.socket(socket.AF_INET),
    "unix_socket": lambda: socket.socket(socket.AF_UNIX),
    "socketpair": lambda: socket.socketpair(),
    "connect": lambda: unconnected.connect(("127.0.0.1", 9)),
    "send_to": lambda: unconnected.sendto(b"x", ("127.0.0.1", 9)),
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "open": lambda: open("/etc/passwd"),  # noqa: SIM115 - it must not come to that
    "create": lambda: os.open("/tmp/captive", os.O_CREAT | os.O_WRONLY),
    "fork": fork,
    "kill_parent": lambda: os.kill(os.getppid(), 0),
    "raise_limits": lambda: resource.setrlimit(resource.RLIMIT_CPU, (60, 60)),
    "look_at_files": lambda: os.stat("/etc/passwd"),
    "set_dumpable": lambda: raw(157, 4, 1),
    "unshare": lambda: raw(272, 0x10000000),
    **{name: (lambda number=number: raw(number, 0, 0, 0, 0, 0)) for name, number in NUMBERS.items()},
    "two_gibibytes": lambda: bytearray(2 << 30),
    "x32": lambda: raw(0x40000000 + 41, 2, 1, 0),
    "spin": lambda: [None for _ in iter(int, 1)],
    "deafen": lambda: signal.signal(signal.SIGXCPU, signal.SIG_IGN),
}


def outcome(name: str) -> str:
    try:
        ATTEMPTS[name]()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
    except ValueError as error:  # what the resource module makes of EPERM
        return "EPERM" if "not allowed" in str(error) else str(error)
    except MemoryError:
        return "MemoryError"
    return "worked"


PIPE = os.pipe()
os.write(PIPE[1], b"x")
wall, *asked = sys.argv[1:]
sandbox.make_undumpable()
sandbox.forbid_the_way_out()
if wall == "child":
    sandbox.limit_resources(cpu_seconds=1)
    sandbox.keep_only_decoding()
os.write(1, json.dumps({name: outcome(name) for name in asked}).encode())
os._exit(0)
