"""Becomes one process of the stack, behind its walls: namespaces, mounts, a user of its own, no new privileges.

Run by the runner as `python -I -S launch.py SPECIFICATION COMMAND…`, where the specification is JSON (see
`Walls.specification`). Standard library only, and one file: nothing of the project is imported with root's rights.
"""

import ctypes
import json
import os
import signal
import sys

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38

libc = ctypes.CDLL(None, use_errno=True)


def checked(what: str, result: int) -> None:
    """Raise OSError, naming what failed, where a call of libc did not answer 0."""
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def write(path: str, text: str) -> None:
    """Write one line to a file of /proc."""
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def enter_namespaces(names: list[str]) -> None:
    """Leave the network, the mounts, or (not as root) the user namespace that we were started in."""
    flags = {"mount": CLONE_NEWNS, "user": CLONE_NEWUSER, "network": CLONE_NEWNET}
    uid, gid = os.getuid(), os.getgid()
    if names:
        checked("unshare " + ", ".join(names), libc.unshare(sum(flags[name] for name in names)))
    if "user" in names:  # the same ids inside as outside, or every file would belong to nobody
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", f"{uid} {uid} 1")
        write("/proc/self/gid_map", f"{gid} {gid} 1")


def bind(mounts: list[list[str]]) -> None:
    """Show folders under other paths, to this process and its children alone."""
    if not mounts:
        return
    checked("mount --make-rprivate /", libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None))
    for source, target in mounts:
        checked(
            f"mount --bind {source} {target}", libc.mount(os.fsencode(source), os.fsencode(target), None, MS_BIND, None)
        )


def become(uid: int, gid: int, groups: list[int]) -> None:
    """Take on the process's own user; the order matters, for setuid gives the right to the others away."""
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def die_with(parent: int) -> None:
    """Be told to stop when the runner dies, however it dies. Last: a change of user clears the request."""
    checked("prctl(PR_SET_PDEATHSIG)", libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0))
    if os.getppid() != parent:
        raise SystemExit("launch: the runner has gone already")


def main() -> None:
    """Put the walls up from the outside in, then exec."""
    wanted = json.loads(sys.argv[1])
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # the runner blocks signals while it starts us
    enter_namespaces(wanted["namespaces"])
    bind(wanted["binds"])
    os.chdir(wanted["folder"])
    os.umask(0o077)
    if wanted["user"] is not None:
        become(**wanted["user"])
    checked("prctl(PR_SET_NO_NEW_PRIVS)", libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    die_with(wanted["parent"])
    os.execvpe(sys.argv[2], sys.argv[2:], os.environ)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"launch: {error}")
