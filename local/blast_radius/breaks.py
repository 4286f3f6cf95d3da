"""Takes protections down one at a time: a row that stays green without what it is said to show would show nothing."""

from collections.abc import Sequence

from local.blast_radius import protections, table, trial
from local.blast_radius.attempts import table as attempts
from local.blast_radius.attempts.attempt import Attempt
from local.blast_radius.inside import Intruder
from local.blast_radius.outcomes import CAME_THROUGH, Outcome, worst
from local.blast_radius.second import Faulty
from local.blast_radius.stage import Stage
from local.blast_radius.weakenings import Break

COLUMNS = ("", "taken down", "process", "attempt", "with it", "without it")
WIDTHS = (12, 62, 16, 66, 27, 34)

__all__ = ["Faulty", "run"]


def run(stage: Stage, intruder: Intruder, only: Sequence[str]) -> int:
    """Take down all, or those named; 1 where a row stays green, or where one is red with everything in place."""
    chosen = _chosen(only)
    rows = {row.name: row for row in attempts.rows(stage)}
    names = {name for one in chosen for name in one.rows}
    *all_but_last, _ = rows
    # The last stands in the way of the sweeper for a minute, and so it is tried when all is over.
    if not _are_green(intruder, [rows[name] for name in all_but_last if name in names], "before"):
        return 1
    print(table.header(COLUMNS, WIDTHS))
    have_turned = [_turns(stage, intruder, one, rows) for one in chosen]
    is_restored = _are_green(intruder, [row for name, row in rows.items() if name in names], "afterwards")
    turned = sum(have_turned)
    is_good = turned == len(chosen) and is_restored
    print(
        table.coloured(
            f"{len(chosen)} protections taken down; {turned} of them turned all their rows red", is_good=is_good
        )
    )
    return 0 if is_good else 1


def _chosen(names: Sequence[str]) -> Sequence[Break]:
    known = {one.name: one for one in protections.ALL}
    if unknown := set(names) - set(known):
        raise Faulty(f"no protection is called {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return [known[name] for name in names] or protections.ALL


def _are_green(intruder: Intruder, wanted: Sequence[Attempt], when: str) -> bool:
    """With everything in place the rows hold; said only where one does not."""
    tried = trial.rows(intruder, wanted) if wanted else []
    if not trial.are_held(tried):
        print(f"{when}, with everything in place:", table.details(tried), sep="\n")
    return trial.are_held(tried)


def _turns(stage: Stage, intruder: Intruder, one: Break, rows: dict[str, Attempt]) -> bool:
    """Whether every one of the break's rows turns red; each is printed."""
    with one.weaken(stage) as made:
        outcomes = [(rows[name], _tried(intruder, made(rows[name]))) for name in one.rows]
    for attempt, outcome in outcomes:
        _print(one, attempt, outcome)
    return all(outcome.kind == CAME_THROUGH for _, outcome in outcomes)


def _tried(intruder: Intruder, attempt: Attempt) -> Outcome:
    return worst(intruder.attempts(attempt.tried.place, attempt.tried.acts))


def _print(one: Break, attempt: Attempt, outcome: Outcome) -> None:
    is_red = outcome.kind == CAME_THROUGH
    cells = ["turned red" if is_red else "STAYED GREEN", one.says, attempt.process, attempt.says, attempt.expected]
    print(table.coloured(table.line([*cells, f"{outcome.kind}: {outcome.told}"], WIDTHS), is_good=is_red), flush=True)
