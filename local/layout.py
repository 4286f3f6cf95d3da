"""Where a stack keeps things, and which user each of its processes is."""

import hashlib
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

PROCESSES = ("engine", "keys", "signer_service", "image_service", "metadata_service", "sweeper", "gateway")

# Who listens on a socket, its name, and who may connect to it.
SOCKETS = {"signer_service": "signer", "image_service": "image", "metadata_service": "metadata"}
CLIENTS = {
    "signer_service": ("metadata_service", "sweeper", "gateway"),
    "image_service": ("metadata_service",),
    "metadata_service": ("gateway",),
}

LONGEST_SOCKET_PATH = 103  # sockaddr_un holds 107 and an end; a socket may be made under a longer name, and renamed
# systemd's list of uids leaves this span to nobody; where a container maps fewer ids, one that people seldom reach.
UNUSED_IDS = (1_879_048_192, 2_147_483_647)
FEWER_IDS = (30_000, 59_000)
IDS_A_STACK = 16
OUTSIDE = Path("/var/lib/countersign")


@dataclass(frozen=True, slots=True)
class User:
    """Numeric ids of a process. A listening process's group is that of its socket's clients."""

    uid: int
    gid: int
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one stack, and its users (where we are not root: all ourselves)."""

    state_dir: Path
    run_dir: Path
    users: dict[str, User]
    has_mounts: bool

    @property
    def secrets(self) -> Path:
        return self.state_dir / "secrets"

    @property
    def stack_file(self) -> Path:
        return self.state_dir / "stack.json"

    def environment_file(self, process: str) -> Path:
        """What the process was started with, secrets and all; for whom STATE_DIR belongs to."""
        return self.state_dir / "env" / f"{process}.env"

    def kept(self, process: str) -> Path:
        """What a process itself writes and a restart must find again, as we see it."""
        return (self.state_dir / "kept").resolve() / process

    def kept_as_seen(self, process: str) -> Path:
        """The same folder where the process finds it: bound elsewhere as root, for STATE_DIR is closed to its user."""
        return self.run_dir / "kept" / process if self.has_mounts else self.kept(process)

    def own(self, process: str) -> Path:
        """A folder that only the process can read: its secrets."""
        return self.run_dir / "own" / process

    def code(self, process: str) -> Path:
        """The process's PYTHONPATH: a copy of its own service, and nothing else."""
        return self.run_dir / "code" / process

    def socket(self, process: str) -> Path:
        name = SOCKETS[process]
        return self.run_dir / "sockets" / name / f"{name}.sock"

    @property
    def public(self) -> Path:
        """What every process may read, and none may write."""
        return self.run_dir / "public"

    @property
    def token_keys(self) -> Path:
        """The issuer's JWKS that `keys` writes and the signer reads."""
        return self.run_dir / "keys" / "jwks.json"


def of(state_dir: Path, *, has_mounts: bool) -> Layout:
    """The layout of the stack that this folder keeps; `has_mounts`: its processes can have mounts of their own."""
    digest = hashlib.sha256(os.fsencode(state_dir)).hexdigest()
    return Layout(state_dir, _run_dir(state_dir, digest[:10]), _users(int(digest[:12], 16)), has_mounts)


def make_folder(path: Path, mode: int, owner: User | None = None) -> Path:
    """A folder with exactly this mode and, as root, this owner. Raises OSError where a link stands in its place.

    Some folders stand in a process's own: a link that it left there must not make root give another folder away.
    """
    path.mkdir(parents=True, exist_ok=True)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.getuid() == 0:
            os.fchown(folder, owner.uid if owner else 0, owner.gid if owner else 0)
        os.fchmod(folder, mode)
    finally:
        os.close(folder)
    return path


def make_file(path: Path, content: str | bytes, mode: int, owner: User | None = None) -> Path:
    """A file that never had another mode, and (as root) belongs to the one who may read it."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    if os.getuid() == 0 and owner:
        os.chown(path, owner.uid, owner.gid)
    return path


def make(layout: Layout) -> None:
    """Make the folders anew; what a run before this one left in the run folder goes."""
    clear(layout)
    make_folder(layout.state_dir, 0o700)
    make_folder(layout.secrets, 0o700)
    make_folder(layout.state_dir / "env", 0o700)
    make_folder(layout.run_dir, 0o755 if os.getuid() == 0 else 0o700)
    for name in ("code", "kept", "own", "public", "sockets"):
        make_folder(layout.run_dir / name, 0o755)
    _make_kept(layout)
    for process, user in layout.users.items():
        _hand_over(make_folder(layout.kept(process), 0o700, user), user)
        make_folder(layout.kept_as_seen(process), 0o700, user)
        make_folder(layout.own(process), 0o700, user)
    for process in SOCKETS:
        make_folder(layout.socket(process).parent, 0o750, layout.users[process])
    make_folder(layout.token_keys.parent, 0o755, layout.users["keys"])


def _make_kept(layout: Layout) -> None:
    """What processes keep; outside STATE_DIR, a link in its place, where they have users of their own and no mounts."""
    kept = layout.state_dir / "kept"
    if kept.is_symlink() and not kept.exists():
        kept.unlink()  # what it led to was removed: begin anew
    if os.getuid() == 0 and not layout.has_mounts and not kept.exists():
        kept.symlink_to(tempfile.mkdtemp(prefix="kept-", dir=make_folder(OUTSIDE, 0o755)))
    make_folder(kept.resolve(), 0o711 if kept.is_symlink() else 0o700)


def _hand_over(folder: Path, user: User) -> None:
    """What a run under another user left (not as root, or the folder moved) is this user's now."""
    if os.getuid() != 0:
        return
    for path in folder.rglob("*"):
        status = path.lstat()
        is_shared = stat.S_ISREG(status.st_mode) and status.st_nlink > 1  # it may have another name elsewhere
        if status.st_uid != user.uid and not is_shared:
            os.chown(path, user.uid, user.gid, follow_symlinks=False)


def clear(layout: Layout) -> None:
    """Remove the run folder, secrets of the processes with it."""
    if layout.run_dir.exists():
        if layout.run_dir.stat().st_uid != os.getuid():
            raise PermissionError(f"{layout.run_dir} belongs to somebody else: remove it, or name another STATE_DIR")
        shutil.rmtree(layout.run_dir)


def _run_dir(state_dir: Path, digest: str) -> Path:
    if os.getuid() == 0:
        return Path("/run") / f"countersign-{digest}"
    below = state_dir / "run"
    longest = max(len(os.fsencode(below / "sockets" / name / f"{name}.sock")) for name in SOCKETS.values())
    if longest <= LONGEST_SOCKET_PATH:
        return below
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp")  # noqa: S108 - the folder is made 0700, and its owner is checked
    return runtime / f"countersign-{os.getuid()}-{digest}"


def _users(number: int) -> dict[str, User]:
    if os.getuid() != 0:
        myself = User(os.getuid(), os.getgid(), ())
        return dict.fromkeys(PROCESSES, myself)
    first = _first_id(number)
    ids = {process: first + index for index, process in enumerate(PROCESSES)}
    return {
        process: User(
            ids[process], ids[process], tuple(ids[server] for server in SOCKETS if process in CLIENTS[server])
        )
        for process in PROCESSES
    }


def _first_id(number: int) -> int:
    """Sixteen ids for each stack, by its folder, so that two stacks' processes are strangers to each other."""
    mapped = Path("/proc/self/uid_map").read_text(encoding="ascii").split()
    highest = int(mapped[0]) + int(mapped[2]) - 1
    low, high = UNUSED_IDS if highest >= UNUSED_IDS[1] else FEWER_IDS
    return low + number % ((high - low) // IDS_A_STACK) * IDS_A_STACK
