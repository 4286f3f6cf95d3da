"""One stack from its first process to its last: what is started, in which order, and what each is waited for."""

import json
from collections.abc import Callable
from pathlib import Path

from local import key_material, members, probes, service_tokens
from local.console import Console
from local.deploy import Deployment, deploy
from local.engine import Engine, EngineNotReady
from local.layout import SOCKETS, Layout, make_file
from local.members import Members
from local.processes import NotInTime, Process, Processes
from local.settings import Settings

START_SECONDS = 30.0
READY_SECONDS = 60.0  # a signer whose replay memory is new refuses grants for its first seconds
ENGINE_STATE = "deployment.json"


class Stack:
    """Starts the processes one after the other. What stops them is `Processes`."""

    def __init__(self, wanted: Settings, place: Layout, processes: Processes, console: Console) -> None:
        self._wanted = wanted
        self._place = place
        self._processes = processes
        self._console = console
        self._started: dict[str, tuple[Process, int]] = {}

    def start(self, engine_venv: Path, nginx: Path) -> Deployment:
        """Start everything, each waited for, until the gateway says it is ready. Raises ProcessDied or NotInTime."""
        deployment = self._deployed(engine_venv)
        members.publish(self._place, service_tokens.services_file(self._place.secrets))
        stack = Members(self._place, self._wanted, deployment, nginx)
        self._start(stack.keys(), self._place.token_keys.exists)
        for process in (stack.signer_service(), stack.image_service(), stack.metadata_service()):
            self._start(process, self._answers(process.name))
        self._start(stack.sweeper())
        self._start(stack.gateway())
        self._wait_until_ready()
        self._record(deployment)
        return deployment

    def _deployed(self, venv: Path) -> Deployment:
        root = key_material.root_credentials(self._place.secrets)
        engine = Engine(self._wanted.engine_port, self._place.kept_as_seen("engine"), venv, root)
        self._start(members.engine(self._place, engine), lambda: _is_up(engine))
        self._console.say("deploying the bucket, tables, identities and user pool to the engine")
        record = self._place.secrets / ENGINE_STATE
        return deploy(engine.endpoint, root, record, cors_origins=self._wanted.cors_origins)

    def _start(self, process: Process, is_there: Callable[[], bool] | None = None) -> None:
        self._console.say(f"starting {process.name}")
        path = self._place.environment_file(process.name)
        make_file(path, "".join(f"{name}={value}\n" for name, value in sorted(process.environment.items())), 0o600)
        self._started[process.name] = (process, self._processes.start(process))
        if is_there is not None:
            self._processes.wait_until(process.name, is_there, START_SECONDS)

    def _answers(self, name: str) -> Callable[[], bool]:
        return lambda: probes.over_socket(self._place.socket(name), "/healthz") == 200

    def _wait_until_ready(self) -> None:
        signer = self._place.socket("signer_service")
        self._processes.wait_until(
            "signer_service", lambda: probes.over_socket(signer, "/readyz") == 200, READY_SECONDS
        )
        try:
            self._processes.wait_until("the gateway", lambda: self._readyz()[0] == 200, READY_SECONDS)
        except NotInTime as late:
            status, body = self._readyz()
            raise NotInTime(f"{late}: GET /readyz says {status} {body.strip()[:500]}") from None

    def _readyz(self) -> tuple[int | None, str]:
        return probes.over_port(self._wanted.gateway_port, "/readyz")

    def _record(self, deployment: Deployment) -> None:
        """Write stack.json, by which other tools find the running stack. It names secrets' places, and holds none."""
        record = {
            "state_dir": str(self._place.state_dir),
            "run_dir": str(self._place.run_dir),
            "gateway_url": self._wanted.gateway_url,
            "internal_url": self._wanted.internal_url,
            "engine_url": self._wanted.engine_url,
            "deployment_file": str(self._place.secrets / ENGINE_STATE),
            "issuer": deployment.issuer,
            "client_id": deployment.client_id,
            "processes": {name: self._described(name) for name in self._started},
        }
        make_file(self._place.stack_file, json.dumps(record, indent=2) + "\n", 0o600)

    def _described(self, name: str) -> dict[str, object]:
        process, pid = self._started[name]
        user = self._place.users[name]
        return {
            "pid": pid,
            "uid": user.uid,
            "gid": user.gid,
            "groups": list(user.groups),
            "environment_file": str(self._place.environment_file(name)),
            "command": process.command,
            "folder": str(process.folder),
            "own": str(self._place.own(name)),
            "kept": str(self._place.kept(name)),
            "socket": str(self._place.socket(name)) if name in SOCKETS else None,
        }


def _is_up(engine: Engine) -> bool:
    try:
        engine.wait_ready(0)
    except EngineNotReady:
        return False
    return True
