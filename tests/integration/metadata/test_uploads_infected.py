"""Documents are scanned by the real clamd, with a signature of our own making; no virus is needed for it.

Needs clamd (Debian: clamav-daemon); where it is missing these tests fail and say so.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from metadata_service.errors import Unavailable
from metadata_service.scanning import Scanner
from tests.e2e.client import a_pdf
from tests.integration.uploads_stack import Person, Stack, a_picture, make_app, wait_until

MARKER = b"countersign-marker-5b1d8e"
SIGNATURE = "Countersign.Marker"
RESUME = {"file_type": "resume", "content_type": "application/pdf"}
STREAM_MAX = 1024 * 1024


def answers(scanner: Scanner) -> bool:
    try:
        scanner.ping()
    except Unavailable:
        return False
    return True


@pytest.fixture(scope="module")
def clamd() -> Iterator[str]:
    """The socket of a clamd that knows one signature."""
    program = shutil.which("clamd", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if program is None:
        pytest.fail("documents are scanned by the real clamd: apt-get install clamav-daemon")
    with tempfile.TemporaryDirectory(prefix="cs-clamd-") as name:
        folder = Path(name)
        (folder / "db").mkdir()
        # Name, any file type, any offset, the bytes in hexadecimal (ClamAV manual, "Extended signature format").
        (folder / "db" / "own.ndb").write_text(f"{SIGNATURE}:0:*:{MARKER.hex()}\n")
        (folder / "clamd.conf").write_text(
            f"LocalSocket {folder}/clamd.ctl\nDatabaseDirectory {folder}/db\nForeground yes\nSelfCheck 0\n"
            f"StreamMaxLength {STREAM_MAX}\nMaxThreads 2\nTemporaryDirectory {folder}\n"
        )
        with (folder / "log").open("wb") as output:
            process = subprocess.Popen([program, f"--config-file={folder}/clamd.conf"], stdout=output, stderr=output)
        try:
            wait_until(lambda: answers(Scanner(f"{folder}/clamd.ctl")), 30, (folder / "log").read_text() or "clamd")
            yield f"{folder}/clamd.ctl"
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture
def scanned(stack: Stack, clamd: str, alice: Person) -> Person:
    """Alice, where documents are scanned."""
    return at_scanner(stack, clamd, alice)


def at_scanner(stack: Stack, socket_path: str, person: Person) -> Person:
    made = make_app(stack.metadata_environment | {"CLAMD_SOCKET": socket_path})
    return Person(person.sub, stack, made.test_client())


def test_a_marked_document_is_rejected_for_good_and_nothing_of_it_is_served(scanned: Person) -> None:
    begun = scanned.upload(a_pdf(f"/Marked ({MARKER.decode()})"), **RESUME)
    for _ in range(2):
        answer = scanned.complete(begun)
        assert (answer.status_code, answer.json["error"], answer.json["reason"]) == (422, "upload_rejected", "infected")
        assert SIGNATURE not in answer.text
    state = scanned.ask("GET", f"/uploads/{begun['upload_id']}").json
    assert (state["state"], state["reason"]) == ("rejected", "infected")
    assert begun["key"] not in scanned.keys


def test_a_clean_document_passes(scanned: Person) -> None:
    assert scanned.has(a_pdf(), **RESUME)["state"] == "ready"


def test_the_same_document_passes_where_nobody_scans(alice: Person) -> None:
    assert alice.has(a_pdf(f"/Marked ({MARKER.decode()})"), **RESUME)["state"] == "ready"


def test_what_is_more_than_the_scanner_takes_waits_for_its_operator(scanned: Person, alice: Person) -> None:
    # A comment of PDF's own, between the header and the first object's end.
    begun = scanned.upload(a_pdf("/Long (" + "x" * 30_000 + ")" + "\n%" + "y" * (STREAM_MAX + 1) + "\n"), **RESUME)
    answer = scanned.complete(begun)
    assert (answer.status_code, answer.json["error"]) == (503, "unavailable")
    assert scanned.ask("GET", f"/uploads/{begun['upload_id']}").json["state"] == "requested"


def test_without_a_scanner_the_document_stays_and_passes_later(
    scanned: Person, stack: Stack, alice: Person, tmp_path: Path
) -> None:
    begun = scanned.upload(a_pdf(), **RESUME)
    answer = at_scanner(stack, str(tmp_path / "none"), alice).complete(begun)
    assert (answer.status_code, answer.json["error"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert scanned.ask("GET", f"/uploads/{begun['upload_id']}").json["state"] == "requested"
    assert scanned.complete(begun).json["state"] == "ready"


def test_pictures_do_not_wait_for_a_scanner(stack: Stack, alice: Person) -> None:
    assert at_scanner(stack, "/nonexistent", alice).has(a_picture())["state"] == "ready"


def test_readiness_names_the_scanner(scanned: Person) -> None:
    assert scanned.look("/readyz").json["dependencies"]["virus_scanner"] == "ok"
