"""A life: whatever a person, their devices, a moderator and the sweeper may do, in any order, killed at any request."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.integration.metadata import galleries
from tests.integration.metadata.test_uploads_crashes import STEPS
from tests.integration.uploads_stack import REPOSITORY, Answer, Person
from tests.reliability import acts, contents, mortal, real_account
from tests.reliability import simple_account as model
from tests.reliability.acts import Act
from tests.reliability.beside_the_model import THE_DEAD_HOLD, BesideTheModel, Chosen
from tests.reliability.real_account import Records
from tests.reliability.simple_account import World

KINDS: Final = ("profile_image", "profile_image", "photo", "project_image", "resume")
LEASES_OVER, URL_OVER, UPLOADS_OVER, ALL_OVER = 40, 400, 4_000, 9 * 86_400
MOST_SHORT_PASSES: Final = 5
"""So that nothing ends less than a hundred seconds from where the model has it end: a life takes time of its own."""
LONG_ENOUGH_TO_ERASE: Final = 15
"""Steps; after an erasure not much happens."""

chosen = st.integers(0, 11)
ways = st.sampled_from(("id", "key", "profile"))
small_acts = st.one_of(
    st.tuples(st.just("begin"), st.sampled_from(KINDS), st.sampled_from(("PUT", "PUT", "POST", "MULTIPART"))),
    st.tuples(st.just("complete"), chosen, ways),
    st.tuples(st.just("complete"), chosen, ways),
    st.tuples(st.just("cancel"), chosen, st.none()),
    st.tuples(st.just("delete_picture"), st.none(), st.none()),
    st.tuples(st.just("delete_photo"), chosen, st.none()),
    st.tuples(st.just("clear"), st.sampled_from(tuple(acts.FIELDS.values())), st.none()),
    st.tuples(st.just("share"), chosen, st.none()),
    st.tuples(st.just("end_share"), chosen, st.none()),
    st.tuples(st.just("block"), chosen, st.booleans()),
)
completions = st.tuples(st.just("complete"), chosen, ways)
fates = st.sampled_from(("sent", "lost", "late"))


class Life(BesideTheModel):
    """One person, from the first upload until nothing is left of them.

    No rule has a precondition: what is so depends on who wins a race, and hypothesis wants each choice to be there
    again. A rule that has nothing to do does nothing.
    """

    @initialize(
        files=st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 2), st.booleans()), min_size=2, max_size=4)
    )
    def some_files(self, files: list[tuple[str, int, bool]]) -> None:
        for kind, content, is_completed in files:
            self.do(("begin", kind, "PUT"))
            self.send_bytes(0, content)
            if is_completed:
                self.do(("complete", 0, "id"))

    @rule(kind=st.sampled_from(KINDS), content=st.integers(0, 2))
    def upload(self, kind: str, content: int) -> None:
        self.do(("begin", kind, "PUT"))
        self.send_bytes(0, content)

    @rule(act=small_acts)
    def do(self, act: Chosen) -> None:
        made = self.made(act)
        if made is not None:
            answer = made.ask(self.person)
            self.note(made, answer)
            self.settle(f"{made.said}: {acts.spoken(answer)}", lambda world: made.after(world, answer))

    @rule(pick=chosen, content=chosen)
    def send_bytes(self, pick: int, content: int) -> None:
        """To a URL that has not ended."""
        now = self.world.now
        known = [each for each in self.latest() if each in self.begun and self.begun[each]["ends_at"] >= now]
        if not known:
            return
        upload_id = known[pick % len(known)]
        self.sends(upload_id, contents.named(self.begun[upload_id]["kind"], content))

    @rule(seconds=st.sampled_from((LEASES_OVER, LEASES_OVER, URL_OVER, UPLOADS_OVER, ALL_OVER)), is_swept=st.booleans())
    def let_pass(self, seconds: int, is_swept: bool) -> None:
        if seconds > LEASES_OVER:
            self.late.clear()  # nothing is under way for so long
        elif self.history.count(passing(seconds)) == MOST_SHORT_PASSES:
            return
        real_account.let_pass(self.person, seconds)
        self.settle(passing(seconds), lambda world: [model.passed(world, seconds)])
        if is_swept:
            self.sweep(False)

    @rule(is_double=st.booleans())
    def sweep(self, is_double: bool) -> None:
        acts.at_once(*[sweep.round for sweep in self.sweepers[: 2 if is_double else 1]])
        self.settle("sweep twice at once" if is_double else "sweep", lambda world: [model.swept(world)])

    @rule(requests=st.integers(1, 25), fate=fates)
    def sweep_and_die(self, requests: int, fate: mortal.Fate) -> None:
        with mortal.dying(requests, fate) as life:
            self.new_sweeper().round()
        self.died(life, None)
        self.settle(f"sweep, killed at {requests}, {fate}", model.sweeping)

    @rule(act=small_acts, requests=st.integers(1, 16), fate=fates)
    def do_and_die(self, act: Chosen, requests: int, fate: mortal.Fate) -> None:
        made = self.made(act)
        if made is None:
            return
        self.worlds_after_death(made, requests, fate)

    @rule(pick=chosen, requests=st.integers(4, 14), fate=fates, way=ways)
    def complete_and_die(self, pick: int, requests: int, fate: mortal.Fate, way: str) -> None:
        self.do_and_die(("complete", pick, way), requests, fate)

    @rule(pick=chosen, requests=st.integers(6, 14), fate=fates, content=st.one_of(st.none(), st.integers(0, 2)))
    def complete_and_die_and_come_back(self, pick: int, requests: int, fate: mortal.Fate, content: int | None) -> None:
        """With the same bytes, or with others: `content`."""
        self.upload(KINDS[pick % len(KINDS)], pick % 2)
        self.do_and_die(("complete", 0, "id"), requests, fate)
        if content is not None:
            self.send_bytes(0, content)
        self.let_pass(LEASES_OVER, is_swept=False)
        self.do(("complete", 0, "id"))

    @rule()
    def delete_and_sweep_before_what_is_late_arrives(self) -> None:
        self.do(("delete_picture", None, None))
        self.do(("delete_photo", 0, None))
        self.sweep(False)
        self.what_was_late_arrives()

    @rule()
    def what_was_late_arrives(self) -> None:
        if not self.late:
            return
        arrive, act = self.late.pop(0)
        arrive()
        real_account.let_the_dead_hold(self.person, THE_DEAD_HOLD)
        said = "sweep's" if act is None else act.said
        self.settle(f"late: {said}", model.sweeping if act is None else act.after_death)

    @rule(one=small_acts, other=small_acts)
    def do_both_at_once(self, one: Chosen, other: Chosen) -> None:
        first, second = self.made(one), self.made(other)
        if first is not None and second is not None:
            self.race(first, second)

    @rule(one=completions, other=completions)
    def complete_both_at_once(self, one: Chosen, other: Chosen) -> None:
        self.do_both_at_once(one, other)

    @rule(one=small_acts, requests=st.integers(2, 16), other=small_acts)
    def do_one_within_another(self, one: Chosen, requests: int, other: Chosen) -> None:
        outer, inner = self.made(one), self.made(other)
        if outer is not None and inner is not None:
            self.interleave(outer, requests, inner)

    @rule(one=completions, requests=st.integers(4, 16), other=st.one_of(completions, small_acts))
    def do_something_within_a_completion(self, one: Chosen, requests: int, other: Chosen) -> None:
        self.do_one_within_another(one, requests, other)

    @rule(kinds=st.sampled_from((("profile_image", "profile_image"), ("photo", "photo"))), requests=st.integers(4, 16))
    def complete_a_new_one_within_another(self, kinds: tuple[str, str], requests: int) -> None:
        for content, kind in enumerate(kinds):
            self.upload(kind, content)
        self.do_one_within_another(("complete", 0, "id"), requests, ("complete", 1, "id"))

    @rule(act=small_acts, requests=st.integers(2, 16))
    def sweep_within(self, act: Chosen, requests: int) -> None:
        made = self.made(act)
        if made is not None:
            with mortal.interrupted(requests, self.sweepers[0].round) as sweeps:
                answer = made.ask(self.person)
            self.note(made, answer)

            def after(world: World) -> Iterator[World]:
                for then in made.after(world, answer):
                    yield model.swept(then) if sweeps else then
                yield from made.after(model.swept(world), answer) if sweeps else ()

            self.settle(f"{made.said}, a sweep before its request {requests}: {acts.spoken(answer)}", after)

    @rule(act=small_acts)
    def do_while_it_is_swept(self, act: Chosen) -> None:
        made = self.made(act)
        if made is None:
            return
        answer, _ = acts.at_once(lambda: self.patiently(made, self.device()), self.sweepers[0].round)
        self.note(made, answer)

        def after(world: World) -> Iterator[World]:
            for halfway in model.sweeping(world):
                for then in made.after(halfway, answer):
                    yield model.swept(then)

        self.settle(f"{made.said} while it is swept: {acts.spoken(answer)}", after)

    @rule(step=st.sampled_from(STEPS), pick=chosen)
    def complete_and_be_killed_for_real(self, step: str, pick: int) -> None:
        """kill -9 of a process of its own, once a life."""
        known = self.pending_ids()
        if self.is_killed or not known:
            return
        self.is_killed = True
        upload_id = known[pick % len(known)]
        made = acts.complete(self.person, upload_id, self.keys[upload_id], "id")
        environment = {**self.environment, "CALLER_TOKEN": self.stack.token(self.person.sub), "PATH": os.defpath}
        command = [sys.executable, "-m", "tests.integration.metadata.uploads_killed", upload_id, step]
        done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, timeout=120, check=False)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()
        real_account.let_the_dead_hold(self.person, THE_DEAD_HOLD)
        self.settle(f"{made.said}, killed -9 {step}", made.after_death)

    @rule(with_other=st.one_of(st.none(), small_acts), requests=st.integers(1, 60), fate=fates)
    def erase(self, with_other: Chosen | None, requests: int, fate: mortal.Fate) -> None:
        if len(self.history) < LONG_ENOUGH_TO_ERASE:
            return
        other = None if with_other is None else self.made(with_other)
        if other is None:
            self.worlds_after_death(acts.erase(), requests, fate)
        else:
            self.race_with_erasure(other)

    @rule()
    def look_closely(self) -> None:
        if self.history[-1] == "look closely":
            return
        self.well_read.clear()
        self.settle("look closely", lambda world: [world])
        for link_id in {link_id for world in self.worlds for link_id, _, _ in world.shares}:
            answer = self.person.look(f"/shared/{link_id}")
            assert answer.status_code in (302, 404), (answer.text, self.history)
            is_open = answer.status_code == 302
            self.worlds = {world for world in self.worlds if model.opens(world, link_id) is is_open}
            assert self.worlds, (f"share link {link_id[:6]} is open: {is_open}", self.history)

    # --- how it is done ------------------------------------------------------------------------------------------

    def patiently(self, act: Act, device: Person) -> Answer:
        """Asked again while somebody else is at it, but for somebody who is dead."""
        is_held = any(upload.is_held for world in self.worlds for upload in world.uploads)
        return act.ask(device) if is_held else acts.until_said(act, device)

    def race(self, first: Act, second: Act) -> None:
        one, two = acts.at_once(
            lambda: self.patiently(first, self.device()), lambda: self.patiently(second, self.device())
        )
        self.note(first, one)
        self.note(second, two)

        said = f"{first.said}: {acts.spoken(one)} || {second.said}: {acts.spoken(two)}"
        self.settle(said, lambda world: acts.serial(world, first, one, second, two))

    def interleave(self, outer: Act, requests: int, inner: Act) -> None:
        with mortal.interrupted(requests, lambda: inner.ask(self.device())) as told:
            answer = outer.ask(self.person)
        self.note(outer, answer)
        for each in told:
            self.note(inner, each)

        def after(world: World) -> Iterator[World]:
            return acts.serial(world, outer, answer, inner, told[0]) if told else outer.after(world, answer)

        spoken = [acts.spoken(each) for each in told]
        self.settle(f"{outer.said}: {acts.spoken(answer)}, before its request {requests} {inner.said}: {spoken}", after)

    def race_with_erasure(self, other: Act) -> None:
        """An erasure goes by steps: who is under way meanwhile finds gone what they ask for, in one word or another."""
        erasure = acts.erase()
        erased, told = acts.at_once(lambda: erasure.ask(self.person), lambda: self.patiently(other, self.device()))
        self.note(other, told)
        assert told.status_code in (200, 400, 404, 409, 410, 422), (other.said, told.text)

        def after(world: World) -> Iterator[World]:
            return erasure.after(world, erased)

        self.settle(f"{erasure.said}: {acts.spoken(erased)} || {other.said}: {acts.spoken(told)}", after)

    def worlds_after_death(self, act: Act, requests: int, fate: mortal.Fate) -> None:
        told: list[Answer] = []
        with mortal.dying(requests, fate) as life:
            told.append(act.ask(Person(self.person.sub, self.stack, self.new_app().test_client())))
        if told:
            self.note(act, told[0])
            self.settle(f"{act.said}: {acts.spoken(told[0])}", lambda world: act.after(world, told[0]))
            return
        self.died(life, act)
        self.settle(f"{act.said}, killed at {requests}, {fate}", act.after_death)

    # --- the end -------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        if self.is_broken:
            return
        self.let_pass(ALL_OVER, False)
        self.until_quiet()
        expected = Records.of(self.person).files
        assert self.person.keys == expected, ("orphans", self.person.keys ^ expected, self.history)
        left = [name for name in self.person.rows if name.startswith("CLEANUP#")]
        assert not left, (left, self.history)
        assert not self.pending_ids(), self.history
        assert not list(real_account.open_parts(self.person)), self.history
        if not self.world.is_erased:
            self.do_erase()
        self.let_pass(ALL_OVER, False)
        self.until_quiet()
        assert self.person.rows == {}, (self.person.rows, self.history)
        assert self.person.keys == set(), self.history
        assert galleries.of(self.person) == []

    def do_erase(self) -> None:
        made = acts.erase()
        answer = made.ask(self.person)
        self.settle(f"{made.said}: {acts.spoken(answer)}", lambda world: made.after(world, answer))

    def until_quiet(self) -> None:
        for _ in range(6):
            self.sweep(False)
            if not any(name.startswith("CLEANUP#") for name in self.person.rows):
                return


def passing(seconds: int) -> str:
    """How it is said that time passes."""
    return f"{seconds} s pass"
