"""Prints rows legibly: fixed columns; green and red in words, and in colours on a terminal."""

import sys
from collections.abc import Iterable, Sequence

from local.blast_radius.trial import Row, Verdict

COLUMNS = ("", "process", "attempt", "expected", "what happened", "control")
WIDTHS = (13, 16, 66, 27, 27, 19)
GREEN, RED, PLAIN = "\033[32m", "\033[31m", "\033[0m"


def header(columns: Sequence[str] = COLUMNS, widths: Sequence[int] = WIDTHS) -> str:
    """The names of the columns, underlined."""
    return "\n".join((line(columns, widths), line(["-" * width for width in widths], widths)))


def line(cells: Sequence[str], widths: Sequence[int] = WIDTHS) -> str:
    """Cells in columns, each cut to its width."""
    return "  ".join(_cut(cell, width).ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def row_line(row: Row) -> str:
    """One row, in colour on a terminal."""
    return coloured(line(cells(row)), is_good=row.verdict is Verdict.HELD)


def cells(row: Row) -> list[str]:
    """A row's columns."""
    attempt = row.attempt
    happened = row.outcome.told if row.outcome.kind != "came through" else f"came through: {row.outcome.told}"
    control = "ok: " if row.control.kind == "came through" else "FAILED: "
    return [row.verdict.value, attempt.process, attempt.says, attempt.expected, happened, control + row.control.told]


def coloured(text: str, *, is_good: bool) -> str:
    """Green or red, where somebody looks; plain text for a file."""
    return f"{GREEN if is_good else RED}{text}{PLAIN}" if sys.stdout.isatty() else text


def by_process(rows: Sequence[Row]) -> str:
    """A line a process: how many attempts, how many held."""
    processes = list(dict.fromkeys(row.attempt.process for row in rows))
    lines = [f"{'process':<16}  attempts  held"]
    for process in processes:
        verdicts = [row.verdict for row in rows if row.attempt.process == process]
        lines.append(f"{process:<16}  {len(verdicts):8}  {verdicts.count(Verdict.HELD):4}")
    return "\n".join(lines)


def summary(rows: Sequence[Row]) -> str:
    """How many, and how many of what."""
    counted = {verdict: sum(row.verdict is verdict for row in rows) for verdict in Verdict}
    bad = [f"{count} {verdict.value}" for verdict, count in counted.items() if count and verdict is not Verdict.HELD]
    text = f"{len(rows)} attempts, {counted[Verdict.HELD]} held, each beside a control that succeeded"
    return coloured(text if not bad else f"{len(rows)} attempts: {', '.join(bad)}", is_good=not bad)


def details(rows: Iterable[Row]) -> str:
    """Of each row that is not as it must be, all that is known, uncut."""
    lines = []
    for row in rows:
        if row.verdict is not Verdict.HELD:
            lines += [f"{row.verdict.value}: {row.attempt.name}: {row.attempt.says}"]
            lines += [f"    expected {row.attempt.expected}; met {row.outcome.kind}: {row.outcome.told}"]
            lines += [f"    control {row.control.kind}: {row.control.told}"]
    return "\n".join(lines)


def markdown(rows: Sequence[Row]) -> str:
    """The same as a table of Markdown, without the controls' answers."""
    lines = ["| process | attempt | expected | what happened | control |", "|---|---|---|---|---|"]
    for row in rows:
        _, *parts = cells(row)
        lines.append(f"| {' | '.join(part.replace('|', chr(92) + '|') for part in parts)} |")
    return "\n".join(lines)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
