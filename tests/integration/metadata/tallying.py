"""What a person's tallies say, and what they must say by the objects' own rows."""

from typing import Any, Protocol

from tests.integration.uploads_stack import Person

Counts = dict[str, tuple[int, int]]
"""By kind: objects, and bytes of all their sizes."""


class Recorded(Protocol):
    """A person, or what was read of one."""

    @property
    def rows(self) -> dict[str, dict[str, Any]]: ...


def told(person: Recorded) -> Counts:
    """What the tallies say; kinds of which there is nothing are left out."""
    row = {name: int(value["N"]) for name, value in person.rows.get("QUOTA", {}).items() if "N" in value}
    assert min(row.values(), default=0) >= 0, row
    kinds = {name.partition(":")[2] for name in row} - {""}
    counts = {kind: (row.get(f"objects:{kind}", 0), row.get(f"bytes:{kind}", 0)) for kind in kinds}
    return {kind: count for kind, count in counts.items() if count != (0, 0)}


def counted(person: Recorded) -> Counts:
    """The same by the objects' rows."""
    counts: Counts = {}
    for name, row in person.rows.items():
        if name.startswith("OBJECT#") and "stored_bytes" in row:
            objects, octets = counts.get(row["kind"]["S"], (0, 0))
            counts[row["kind"]["S"]] = objects + 1, octets + int(row["stored_bytes"]["N"])
    return counts


def is_exact(person: Recorded) -> bool:
    """Whether the tallies say what the rows do."""
    assert told(person) == counted(person)
    return True


def bytes_in_the_bucket(person: Person, object_key: str) -> int:
    """How many bytes all sizes of an object have there."""
    s3, bucket = person.stack.deployment.client("s3"), person.stack.deployment.bucket
    stem = object_key.rpartition(".")[0]
    listed: list[dict[str, Any]] = s3.list_objects_v2(Bucket=bucket, Prefix=stem)["Contents"]
    return sum(each["Size"] for each in listed)
