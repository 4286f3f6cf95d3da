"""Rows that are the same in every process: others' environments, memory, sockets and files, and the state folder."""

from local.blast_radius.attempts.attempt import WITHOUT_PERMISSION, Actor, Attempt, Cast, Try
from local.blast_radius.inside import Act, act
from local.blast_radius.stage import Stage

# Whose sockets a process may open: its own, and those of the services that it is a client of (design.md).
MAY_CONNECT = {
    "gateway": ("metadata_service", "signer_service"),
    "metadata_service": ("metadata_service", "signer_service", "image_service"),
    "signer_service": ("signer_service",),
    "sweeper": ("signer_service",),
}
LISTENING = ("metadata_service", "signer_service", "image_service")


def rows(stage: Stage, cast: Cast, actor: Actor) -> list[Attempt]:
    """What every intruder tries first."""
    return [*_on_processes(stage, cast, actor), _on_state(stage, cast, actor), _on_secrets(stage, cast, actor)]


def _on_processes(stage: Stage, cast: Cast, actor: Actor) -> list[Attempt]:
    others = stage.running.pids(but=actor.place.member.name)
    many = f"of the {len(others)} other processes"
    reads = {
        "environ": (f"read /proc/PID/environ {many}", [act("read", path=f"/proc/{pid}/environ") for pid in others]),
        "memory": (f"read the memory {many}", [act("memory", pid=pid) for pid in others]),
    }
    signals = {"signal": (f"send a signal to any {many}", [act("signal_to", pid=pid) for pid in others])}
    return [*actor.unlike(cast.operator, WITHOUT_PERMISSION, reads), *actor.unlike(cast.operator, "EPERM", signals)]


def _on_state(stage: Stage, cast: Cast, actor: Actor) -> Attempt:
    running = stage.running
    folders = (running.state_dir, running.secrets, running.state_dir / "env", running.state_dir / "kept")
    acts = [act("look_into", folder=str(folder)) for folder in folders]
    acts.append(act("read", path=str(running.secrets / "deployment.json")))
    says = "read the state folder: secrets, environments, records"
    return actor.attempt("state", says, WITHOUT_PERMISSION, acts, cast.operator.does(*acts))


def _on_secrets(stage: Stage, cast: Cast, actor: Actor) -> Attempt:
    folders = [str(stage.running.run_dir), str(stage.running.state_dir)]
    wanted = stage.not_held_by(actor.place.member.name)
    says = f"find any of {len(wanted)} secrets of others in its environment or a file"
    look = act("search", folders=folders, wanted=wanted)
    see_all = act("search", folders=folders, wanted=wanted, at_least=len(wanted))
    return actor.attempt("search", says, "nothing found", [look], cast.operator.does(see_all))


def own_memory(stage: Stage, cast: Cast, actor: Actor) -> Attempt:
    """A row: what the service itself has in memory, read by another process of the same user."""
    pid = actor.place.member.pid
    acts = [act("read", path=f"/proc/{pid}/environ"), act("memory", pid=pid)]
    says = "read the service's memory from another process of its user"
    return actor.attempt("own-memory", says, WITHOUT_PERMISSION, acts, cast.operator.does(*acts))


def sockets(stage: Stage, cast: Cast, actor: Actor, expected: str = WITHOUT_PERMISSION) -> Attempt:
    """A row: every socket that is not the process's to open."""
    allowed = MAY_CONNECT.get(actor.place.member.name, ())
    barred = [name for name in LISTENING if name not in allowed]
    acts = {name: act("reach_socket", path=stage.running.socket(name)) for name in barred}
    whose = " and ".join(name.removesuffix("_service") for name in barred)
    says = f"open the socket of {whose}"
    return actor.attempt("sockets", says, expected, list(acts.values()), *_clients(cast, acts))


def _clients(cast: Cast, acts: dict[str, Act]) -> list[Try]:
    return [(cast.gateway if name == "metadata_service" else cast.metadata).does(one) for name, one in acts.items()]


def on_trust(stage: Stage, cast: Cast, actor: Actor) -> list[Attempt]:
    """Rows: the files that say whom the signer trusts, what it remembers, and what it has written down."""
    public, signer = stage.running.public, cast.signer.place.member
    trusted = [act("write", path=str(public / name)) for name in ("grant-keys.json", "services.toml")]
    trusted.append(act("plant", folder=str(public)))
    audit, jwks = signer.environment["AUDIT_DIR"], signer.environment["TOKEN_KEYS_FILE"]
    kept = [act("plant", folder=folder) for folder in (audit, audit.rpartition("/")[0])]
    issuer = [act("write", path=jwks), act("plant", folder=jwks.rpartition("/")[0])]
    code = [act("plant", folder=actor.place.member.folder)]
    rows = (
        (cast.operator, "trust", "change which grant keys and services are trusted", trusted),
        (cast.signer, "kept", "write the signer's audit log, freeze list, replay memory", kept),
        (cast.keys, "jwks", "change the issuer's keys that the signer believes", issuer),
        (cast.operator, "code", "change the code that it runs", code),
    )
    return [
        row
        for holder, name, says, acts in rows
        if holder is not actor
        for row in actor.unlike(holder, WITHOUT_PERMISSION, {name: (says, acts)})
    ]


def held_files(cast: Cast, actor: Actor, holder: Actor) -> Attempt:
    """A row: the files with another process's secrets, by their names."""
    environment = holder.place.member.environment
    names = ("GRANT_KEY_FILE", "AWS_SHARED_CREDENTIALS_FILE", "RECEIPT_KEYS_FILE")
    paths = [environment[name] for name in names if name in environment]
    if "IDENTITIES_DIR" in environment:
        paths += [f"{environment['IDENTITIES_DIR']}/{name}.json" for name in ("uploader", "reader", "remover")]
    acts = [act("read", path=path) for path in paths]
    says = f"read the {len(acts)} files with the secrets of {holder.place.member.name}"
    return actor.attempt(f"files-of-{holder.name}", says, WITHOUT_PERMISSION, acts, holder.does(*acts))
