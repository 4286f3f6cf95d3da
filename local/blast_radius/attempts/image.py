"""What code in image_service tries: in a decode, where hostile files are opened, and in the parent that forks for them.

Its environment has nothing; the rows of `everywhere` look for secrets as its user, from the parent's side of the
second filter, behind which no file opens at all.
"""

from local.blast_radius.attempts import everywhere
from local.blast_radius.attempts.attempt import Actor, Attempt, Cast
from local.blast_radius.attempts.signer import on_network
from local.blast_radius.inside import Act, act
from local.blast_radius.stage import Stage

DENIED = "EPERM"
MEMORY_BYTES = 1 << 30
CPU_SECONDS = 6.0  # the limit is 5
KINDS = ("INET", "INET6", "UNIX", "NETLINK")


def rows(stage: Stage, cast: Cast) -> list[Attempt]:
    """All of it."""
    return [*_decoding(stage, cast), *_parent(stage, cast)]


def _decoding(stage: Stage, cast: Cast) -> list[Attempt]:
    actor, running = cast.decoder, stage.running
    parent = actor.place.member.pid
    identities = cast.signer.place.member.environment["IDENTITIES_DIR"]
    files = ["/etc/passwd", "/proc/self/environ", f"{identities}/reader.json"]
    folders = ["/tmp", "/dev/shm", actor.place.member.own]  # noqa: S108 - where an intruder would write
    others = [parent, *running.pids(but="image_service")]
    tries: dict[str, tuple[str, list[Act]]] = {
        "read": ("open any file", [act("read", path=path) for path in files]),
        "write": ("write a file anywhere", [act("plant", folder=folder) for folder in folders]),
        "look": ("list a folder", [act("look_into", folder="/")]),
        "fork": ("make a process that outlives the request", [act("fork")]),
        "signal": ("send a signal to its parent or any other process", [act("signal_to", pid=pid) for pid in others]),
    }
    return [*_ways_out(stage, cast, actor), *actor.unlike(cast.operator, DENIED, tries), *_shares(cast, actor)]


def _ways_out(stage: Stage, cast: Cast, actor: Actor) -> list[Attempt]:
    """What neither the parent nor a decode can do."""
    pid = cast.keys.place.member.pid
    tries: dict[str, tuple[str, list[Act]]] = {
        "socket": ("make a socket of any kind", [act("make_socket", family=kind) for kind in KINDS]),
        "program": ("run a program", [act("run_a_program")]),
        "ring": ("make sockets by io_uring, which no filter sees", [act("ring")]),
        "trace": ("attach to another process as a debugger", [act("trace", pid=pid)]),
    }
    return [
        *actor.unlike(cast.operator, DENIED, tries),
        *on_network(stage, cast, actor, DENIED),
        everywhere.sockets(stage, cast, actor, DENIED),
    ]


def _shares(cast: Cast, actor: Actor) -> list[Attempt]:
    """More than a decode's share of the machine."""
    memory, cpu = act("take_memory", octets=MEMORY_BYTES), act("take_time", seconds=CPU_SECONDS)
    return [
        *actor.unlike(cast.operator, "ENOMEM", {"memory-limit": ("take more than 1 GiB", [memory])}),
        *actor.unlike(cast.operator, "killed, SIGXCPU", {"cpu-limit": ("compute for more than 5 s", [cpu])}),
    ]


def _parent(stage: Stage, cast: Cast) -> list[Attempt]:
    actor = cast.image
    return [
        *_ways_out(stage, cast, actor),
        everywhere.held_files(cast, actor, cast.signer),
        everywhere.held_files(cast, actor, cast.metadata),
        *everywhere.on_trust(stage, cast, actor),
        everywhere.own_memory(stage, cast, actor),
        *everywhere.rows(stage, cast, actor),
    ]
