"""Becomes an intruder in one process of the running stack: its namespaces, its folder, its user, no new privileges.

Run by root as `python -I -S enter.py SPECIFICATION COMMAND…`, where the specification is JSON: `pid` and `namespaces`
(files of /proc/PID/ns), `folder`, and `user` (uid, gid, groups; null for root itself). Standard library only.
"""

import ctypes
import json
import os
import signal
import sys

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38

libc = ctypes.CDLL(None, use_errno=True)


def checked(what: str, result: int) -> None:
    """Raise OSError, naming what failed, where a call of libc did not answer 0."""
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def enter(pid: int, namespaces: list[str]) -> None:
    """Join the process's namespaces; all are opened first, for behind its mounts /proc may be another."""
    opened = [(name, os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)) for name in namespaces]
    for name, descriptor in opened:
        checked(f"setns {name}", libc.setns(descriptor, 0))
        os.close(descriptor)


def become(uid: int, gid: int, groups: list[int]) -> None:
    """Take on the process's user; setuid, which gives the right to the others away, comes last."""
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    checked("prctl(PR_SET_NO_NEW_PRIVS)", libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def main() -> None:
    """Go in, then exec."""
    wanted = json.loads(sys.argv[1])
    enter(wanted["pid"], wanted["namespaces"])
    os.chdir(wanted["folder"])
    os.umask(0o077)
    if wanted["user"] is not None:
        become(**wanted["user"])
    checked("prctl(PR_SET_PDEATHSIG)", libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    os.execvpe(sys.argv[2], sys.argv[2:], os.environ)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"enter: {error}")
