"""A process that dies at its n-th request, without a process: from then on nothing of it gets out or comes in.

What dies is one thread's doing. `Killed` is no Exception, so that nothing which tidies up after errors sees it; and
should anything try to reach out once more, on its way or later, that fails in the same way. To the signer, S3, the
decoder and the records it looks as after kill -9: so many requests came, and then none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Literal

from metadata_service.connections import Answer, Connections

Fate = Literal["sent", "lost", "late"]
"""What becomes of the last request: it was done, it never was, or it is still under way and comes later."""
Ask = Callable[..., Answer]


class Killed(BaseException):
    """kill -9."""


class Life:
    """What is left of one thread's requests. `late`: what is still under way after its death."""

    def __init__(self, requests: int, fate: Fate) -> None:
        self._left, self._fate = requests, fate
        self.late: Callable[[], Answer] | None = None
        self.is_over = False

    def ask(self, ask: Ask, *arguments: Any, **named: Any) -> Answer:
        """One request, while it lives. Raises Killed."""
        if self.is_over:
            raise Killed
        self._left -= 1
        if self._left > 0:
            return ask(*arguments, **named)
        self.is_over = True
        if self._fate == "sent":
            ask(*arguments, **named)
        elif self._fate == "late":
            # On connections of its own: those of the dead are closed.
            fresh = Connections(patience=10, deadline=20)
            self.late = lambda: ask(fresh, *arguments[1:], **named)
        raise Killed


class Interrupted:
    """One thread's requests, with something else done by another thread before one of them: `came`, what came of it."""

    def __init__(self, requests: int, act: Callable[[], Any]) -> None:
        self._left, self._act = requests, act
        self.came: list[Future[Any]] = []

    def ask(self, ask: Ask, *arguments: Any, **named: Any) -> Answer:
        """One request, and before it what is to be done there."""
        self._left -= 1
        if self._left == 0:
            with ThreadPoolExecutor(1) as pool:
                self.came.append(pool.submit(self._act))
        return ask(*arguments, **named)


_lives: dict[int, Life | Interrupted] = {}


@contextmanager
def mortals() -> Iterator[None]:
    """While it lasts, threads may die."""
    ask = Connections.ask

    def asked(*arguments: Any, **named: Any) -> Answer:
        life = _lives.get(threading.get_ident())
        return ask(*arguments, **named) if life is None else life.ask(ask, *arguments, **named)

    Connections.ask = asked  # type: ignore[method-assign] # the fault
    try:
        yield
    finally:
        Connections.ask = ask  # type: ignore[method-assign]


@contextmanager
def dying(requests: int, fate: Fate) -> Iterator[Life]:
    """This thread dies at its so many-th request; where it makes fewer, it lives."""
    life = _lives[threading.get_ident()] = Life(requests, fate)
    try:
        yield life
    except Killed:
        pass
    finally:
        del _lives[threading.get_ident()]


@contextmanager
def interrupted(requests: int, act: Callable[[], Any]) -> Iterator[list[Any]]:
    """Before this thread's so many-th request `act` is done: two at once, in an order that can be had again.

    What comes of it is in the list at the end, which stays empty where there are fewer requests.
    """
    life = _lives[threading.get_ident()] = Interrupted(requests, act)
    came: list[Any] = []
    try:
        yield came
    finally:
        del _lives[threading.get_ident()]
    came += [future.result() for future in life.came]
