"""The protections that can be taken down, one at a time, and what each takes to be put back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from local.blast_radius import second
from local.blast_radius.attempts.attempt import Attempt, Try
from local.blast_radius.inside import Act, Filter, Place
from local.blast_radius.second import Patch
from local.blast_radius.stage import Stage

# How an attempt is made while the protection is down.
Made = Callable[[Attempt], Attempt]
Weakening = Callable[[Stage], AbstractContextManager[Made]]


@dataclass(frozen=True, slots=True)
class Break:
    """A protection, the rows that it holds (by name), and the way to be without it."""

    name: str
    says: str
    rows: tuple[str, ...]
    weaken: Weakening


def moved(change: Callable[[Stage, Place], Place]) -> Weakening:
    """The intruder stands elsewhere; nothing of the stack changes."""

    @contextmanager
    def weaken(stage: Stage) -> Iterator[Made]:
        yield lambda attempt: attempt.elsewhere(change(stage, attempt.tried.place))

    return weaken


def as_user_of(name: str) -> Weakening:
    """Two processes share a user."""
    return moved(
        lambda stage, place: replace(place, member=replace(place.member, user=stage.running.members[name].user))
    )


def outside(namespace: str) -> Weakening:
    """A process has no namespace of its own."""
    return moved(lambda _, place: place.without(namespace))


def unfiltered(*filters: Filter) -> Weakening:
    """These of the decoder's walls do not stand."""
    return moved(lambda _, place: replace(place, filters=tuple(one for one in place.filters if one not in filters)))


def opened(paths: Callable[[Stage], Sequence[Path]], more: int) -> Weakening:
    """Files and folders have these permissions as well, until afterwards."""

    @contextmanager
    def weaken(stage: Stage) -> Iterator[Made]:
        before = [(path, path.stat().st_mode) for path in paths(stage)]
        try:
            for path, mode in before:
                path.chmod(mode & 0o777 | more)
            yield lambda attempt: attempt
        finally:
            for path, mode in before:
                path.chmod(mode & 0o777)

    return weaken


def allowed(identity: str, actions: str) -> Weakening:
    """An IAM identity may do more, until afterwards."""

    @contextmanager
    def weaken(stage: Stage) -> Iterator[Made]:
        deployment = stage.running.deployment
        iam, user = deployment.client("iam"), f"{deployment.table_prefix}{identity}"
        statement = f'{{"Effect": "Allow", "Action": "{actions}", "Resource": "*"}}'
        policy = f'{{"Version": "2012-10-17", "Statement": [{statement}]}}'
        iam.put_user_policy(UserName=user, PolicyName="blast-radius", PolicyDocument=policy)
        try:
            yield lambda attempt: attempt
        finally:
            iam.delete_user_policy(UserName=user, PolicyName="blast-radius")

    return weaken


def patched(service: str, *patches: Patch, environment: Mapping[str, str] | None = None) -> Weakening:
    """A second process of the service stands beside it, without a check; the rows are aimed at that one."""

    @contextmanager
    def weaken(stage: Stage) -> Iterator[Made]:
        running = stage.running
        with second.started(running, service, patches, environment) as other:
            instead = {running.socket(service): other.socket, running.members[service].pid: other.pid}
            yield lambda attempt: redirected(attempt, instead)

    return weaken


def redirected(attempt: Attempt, instead: Mapping[Any, Any]) -> Attempt:
    """The attempt, aimed at other sockets and pids; the intruder stands where it stood."""
    place = attempt.tried.place
    environment = {name: _replaced(text, instead) for name, text in place.member.environment.items()}
    acts = tuple(Act(act.name, _replaced(act.arguments, instead)) for act in attempt.tried.acts)
    there = replace(place, member=replace(place.member, environment=environment))
    return replace(attempt, tried=Try(there, acts))


def _replaced(value: Any, instead: Mapping[Any, Any]) -> Any:
    if isinstance(value, Mapping):
        return {name: _replaced(one, instead) for name, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, instead) for one in value]
    for before, after in instead.items():
        if isinstance(value, str):
            value = (
                value.replace(f"/{before}", f"/{after}") if isinstance(before, int) else value.replace(before, after)
            )
        elif value == before:
            value = after
    return value
