"""The lean transport when DynamoDB throttles, fails, lies or hangs up: asked again, or said so, and never half."""

import json
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata_service.errors import Unavailable
from metadata_service.store import dynamodb
from metadata_service.store.attributes import from_wire, to_wire
from metadata_service.store.credentials import Credentials, SharedFile
from metadata_service.store.dynamodb import (
    ConditionFailed,
    Dynamodb,
    RequestRefused,
    TransactionRefused,
    add_write,
    check_write,
    put_write,
)

Answer = tuple[int, Any] | str
NAMESPACE = "com.amazonaws.dynamodb.v20120810#"
THROTTLED = (400, {"__type": NAMESPACE + "ProvisionedThroughputExceededException"})
HANG_UP = "hang up"
WRONG_CHECKSUM = "wrong checksum"
CUT = "cut"


class Scripted:
    """A DynamoDB that gives the answers it is told to, one after the other; the last one for ever."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.asked: list[dict[str, Any]] = []
        self.connections = 0
        told = self

        class Answering(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                told.connections += 1
                super().setup()

            def do_POST(self) -> None:
                told.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                answer = told.script.pop(0) if len(told.script) > 1 else told.script[0]
                if answer == HANG_UP:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                status, content = (200, {}) if isinstance(answer, str) else answer
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("x-amz-crc32", "1" if answer == WRONG_CHECKSUM else str(zlib.crc32(body)))
                self.send_header("Content-Length", str(len(body) + (5 if answer == CUT else 0)))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = answer == CUT

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    made = Scripted()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamodb, "FIRST_PAUSE", 0.001)


@pytest.fixture
def transport(scripted: Scripted) -> Dynamodb:
    return Dynamodb("us-east-1", scripted.endpoint, "t-", lambda: Credentials("AKIAIOSFODNN7EXAMPLE", "secret"))


FOUND = (200, {"Item": {"n": {"N": "1"}}})


@pytest.mark.parametrize(
    "fault",
    [
        THROTTLED,
        (400, {"__type": NAMESPACE + "ThrottlingException"}),
        (400, {"__type": NAMESPACE + "RequestLimitExceeded"}),
        (400, {"__type": NAMESPACE + "TransactionConflictException"}),
        (500, {"__type": NAMESPACE + "InternalServerError"}),
        (503, {}),
        HANG_UP,
        WRONG_CHECKSUM,
        CUT,
    ],
)
def test_r05_what_passes_is_asked_again(scripted: Scripted, transport: Dynamodb, fault: Answer) -> None:
    scripted.script = [fault, fault, FOUND]
    assert transport.get("table", {"id": "a"}) == {"n": 1}
    assert len(scripted.asked) == 3
    assert scripted.asked[0] == {"TableName": "t-table", "Key": {"id": {"S": "a"}}, "ConsistentRead": True}


@pytest.mark.parametrize("fault", [THROTTLED, (500, {}), HANG_UP, WRONG_CHECKSUM])
def test_r05_what_does_not_pass_is_unavailable(scripted: Scripted, transport: Dynamodb, fault: Answer) -> None:
    scripted.script = [fault]
    with pytest.raises(dynamodb.Unavailable) as unavailable:
        transport.get("table", {"id": "a"})
    assert unavailable.value.headers["Retry-After"] == "1"
    assert len(scripted.asked) == dynamodb.ATTEMPTS


def test_r05_nobody_listening_is_unavailable(transport: Dynamodb, scripted: Scripted) -> None:
    scripted.server.shutdown()
    scripted.server.server_close()
    with pytest.raises(dynamodb.Unavailable):
        transport.get("table", {"id": "a"})


def test_r05_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamodb, "PATIENCE", 0.05)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        silent = Dynamodb("us-east-1", endpoint, "t-", lambda: Credentials("AKIAIOSFODNN7EXAMPLE", "secret"))
        began = time.monotonic()
        with pytest.raises(dynamodb.Unavailable):
            silent.get("table", {"id": "a"})
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "ExpiredTokenException"])
def test_what_is_about_us_is_unavailable_at_once(scripted: Scripted, transport: Dynamodb, code: str) -> None:
    scripted.script = [(400, {"__type": NAMESPACE + code})]
    with pytest.raises(dynamodb.Unavailable):
        transport.get("table", {"id": "a"})
    assert len(scripted.asked) == 1


def test_a_wrong_request_is_a_fault_of_ours(scripted: Scripted, transport: Dynamodb) -> None:
    scripted.script = [(400, {"__type": NAMESPACE + "ValidationException", "message": "no"})]
    with pytest.raises(RequestRefused):
        transport.get("table", {"id": "a"})


FAILED = (400, {"__type": NAMESPACE + "ConditionalCheckFailedException", "Item": {"n": {"N": "7"}}})


def test_a_failed_condition_shows_the_row_that_stood_in_the_way(scripted: Scripted, transport: Dynamodb) -> None:
    scripted.script = [FAILED]
    with pytest.raises(ConditionFailed) as failed:
        transport.put("table", {"id": "a"}, condition="attribute_not_exists(id)")
    assert (failed.value.item, failed.value.is_repeat) == ({"n": 7}, False)


@pytest.mark.parametrize("fault", [HANG_UP, (500, {}), WRONG_CHECKSUM])
def test_r05_a_condition_that_fails_after_a_lost_answer_says_so(
    scripted: Scripted, transport: Dynamodb, fault: Answer
) -> None:
    scripted.script = [fault, FAILED]
    with pytest.raises(ConditionFailed) as failed:
        transport.put("table", {"id": "a"}, condition="attribute_not_exists(id)")
    assert failed.value.is_repeat


def test_r05_throttling_loses_no_answer(scripted: Scripted, transport: Dynamodb) -> None:
    scripted.script = [THROTTLED, FAILED]
    with pytest.raises(ConditionFailed) as failed:
        transport.put("table", {"id": "a"}, condition="attribute_not_exists(id)")
    assert not failed.value.is_repeat


def cancelled(*codes: str) -> Answer:
    reasons = [{"Code": code} for code in codes]
    return 400, {"__type": NAMESPACE + "TransactionCanceledException", "CancellationReasons": reasons}


WRITES = [put_write("table", {"id": "a"}), check_write("table", {"id": "b"}, condition="attribute_exists(id)")]


def test_r05_a_transaction_in_conflict_is_asked_again_under_its_token(scripted: Scripted, transport: Dynamodb) -> None:
    conflict = cancelled("TransactionConflict", "None")
    in_progress = (400, {"__type": NAMESPACE + "TransactionInProgressException"})
    scripted.script = [conflict, cancelled("None", "ThrottlingError"), in_progress, HANG_UP, (200, {})]
    transport.transact(WRITES, token="once")
    assert len(scripted.asked) == 5
    assert all(asked == scripted.asked[0] for asked in scripted.asked)
    assert scripted.asked[0]["ClientRequestToken"] == "once"


def test_a_refused_transaction_says_which_write_was_refused(scripted: Scripted, transport: Dynamodb) -> None:
    scripted.script = [cancelled("None", "ConditionalCheckFailed")]
    with pytest.raises(TransactionRefused) as refused:
        transport.transact(WRITES, token="once")
    assert refused.value.reasons == [None, "ConditionalCheckFailed"]
    assert len(scripted.asked) == 1


def test_a_refused_condition_beside_a_conflict_is_a_refusal_of_that_alone(
    scripted: Scripted, transport: Dynamodb
) -> None:
    scripted.script = [cancelled("TransactionConflict", "ConditionalCheckFailed")]
    with pytest.raises(TransactionRefused) as refused:
        transport.transact(WRITES, token="once")
    assert refused.value.reasons == [None, "ConditionalCheckFailed"]


def test_a_full_row_beside_a_conflict_is_a_full_row(scripted: Scripted, transport: Dynamodb) -> None:
    full = {"Code": "ConditionalCheckFailed", "Item": {"pending": {"N": "20"}}}
    reasons = [full, {"Code": "TransactionConflict"}]
    scripted.script = [(400, {"__type": NAMESPACE + "TransactionCanceledException", "CancellationReasons": reasons})]
    counted = add_write("table", {"id": "a"}, {"pending": 1}, at_most={"pending": 20})
    with pytest.raises(TransactionRefused) as refused:
        transport.transact([counted, WRITES[1]], token="once")
    assert refused.value.full == ("pending",)


def test_what_a_batch_leaves_out_is_asked_for_again(scripted: Scripted, transport: Dynamodb) -> None:
    left_out = {"t-table": {"Keys": [{"id": {"S": "b"}}]}}
    scripted.script = [
        (200, {"Responses": {"t-table": [{"id": {"S": "a"}}]}, "UnprocessedKeys": left_out}),
        (200, {"Responses": {"t-table": [{"id": {"S": "b"}}]}, "UnprocessedKeys": {}}),
    ]
    assert transport.batch_get("table", [{"id": "a"}, {"id": "b"}]) == [{"id": "a"}, {"id": "b"}]


def test_a_batch_beyond_a_hundred_is_several(scripted: Scripted, transport: Dynamodb) -> None:
    scripted.script = [(200, {"Responses": {"t-table": []}, "UnprocessedKeys": {}})]
    transport.batch_get("table", [{"id": str(number)} for number in range(150)])
    assert [len(asked["RequestItems"]["t-table"]["Keys"]) for asked in scripted.asked] == [100, 50]


def test_a_batch_of_nothing_asks_nothing(scripted: Scripted, transport: Dynamodb) -> None:
    assert transport.batch_get("table", []) == []
    assert scripted.asked == []


def test_a_thread_keeps_its_connection(scripted: Scripted, transport: Dynamodb) -> None:
    scripted.script = [FOUND]
    for _ in range(5):
        transport.get("table", {"id": "a"})
    assert scripted.connections == 1


VALUES = st.recursive(
    st.one_of(st.text(), st.integers(-(10**37), 10**37), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), VALUES))
def test_an_item_is_read_as_it_was_written(item: dict[str, Any]) -> None:
    read = from_wire(json.loads(json.dumps(to_wire(item))))
    assert read == item
    assert json.dumps(read) == json.dumps(item)  # 1 == True, but not here


@pytest.mark.parametrize("value", [1.5, b"x", {1, 2}, object()])
def test_what_is_none_of_ours_is_not_written(value: Any) -> None:
    with pytest.raises(TypeError):
        to_wire({"value": value})


def test_the_credentials_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    source = SharedFile(str(path))
    with pytest.raises(Unavailable):
        source()
    path.write_text("[default]\naws_access_key_id = A\naws_secret_access_key = one%two\n")
    assert source() == Credentials("A", "one%two")
    path.write_text("[default]\naws_access_key_id = B\naws_secret_access_key = three\naws_session_token = t\n")
    assert source() == Credentials("B", "three", "t")


def test_the_chain_is_botocores(monkeypatch: pytest.MonkeyPatch) -> None:
    from metadata_service.store import credentials

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    assert credentials.source()() == Credentials("AKIAIOSFODNN7EXAMPLE", "secret", "session")
