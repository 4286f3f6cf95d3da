"""The protocol, as metadata speaks it, and what is left behind after many requests."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import hostile
import pytest
from image_process import ROOT, Service, dialled, environment, eventually
from PIL import Image
from rendering import USUAL, made_of

SMALL = hostile.saved(hostile.corners())
KINDS = {
    "a JPEG": lambda: hostile.saved(hostile.noise(1600, 1200)),
    "a progressive JPEG": lambda: hostile.saved(hostile.noise(1600, 1200), progressive=True),
    "CMYK": lambda: hostile.saved(hostile.corners().convert("CMYK")),
    "a profile": lambda: hostile.saved(hostile.corners(), icc_profile=hostile.swapped_profile()),
    "metadata": hostile.jpeg_with_everything,
    "an MPO": lambda: hostile.saved(hostile.corners(), "MPO", save_all=True, append_images=[hostile.corners()]),
    "a turned PNG": lambda: hostile.stored_turned(6, "PNG"),
    "a large PNG with alpha": lambda: hostile.saved(Image.new("RGBA", (3000, 2000), (255, 0, 0, 99)), "PNG"),
    "16 bits": lambda: hostile.saved(Image.new("I;16", (900, 900), 30_000), "PNG"),
    "an animated PNG": lambda: hostile.saved(
        hostile.corners(), "PNG", save_all=True, append_images=[hostile.corners()]
    ),
    "a WebP": lambda: hostile.saved(hostile.noise(1600, 1200), "WEBP"),
    "an animated WebP": lambda: hostile.saved(
        hostile.corners(), "WEBP", save_all=True, append_images=[hostile.noise(160, 120)]
    ),
    "a GIF": lambda: hostile.saved(hostile.corners(), "GIF", transparency=3),
}


@pytest.mark.parametrize("kind", KINDS)
def test_s11_behind_its_walls_the_same_comes_out(service: Service, kind: str) -> None:
    """Whatever a decode needs, it has: nothing is imported or opened late."""
    content = KINDS[kind]()
    answer = service.image(content)
    assert answer.status == 200, answer.body
    assert answer.parts == made_of(content)


def test_the_answer_says_what_its_parts_are(service: Service) -> None:
    answer = service.image(hostile.saved(Image.new("RGB", (1000, 500))))
    listed = json.loads(answer.headers["X-Parts"])
    assert [(part["name"], part["width"], part["height"]) for part in listed] == [
        ("800", 800, 400),
        ("400", 400, 400),
        ("150", 150, 150),
    ]
    assert [Image.open(io.BytesIO(jpeg)).size for jpeg in answer.parts.values()] == [(800, 400), (400, 400), (150, 150)]
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (hostile.SVG, "not_an_image"),
        (hostile.saved(hostile.corners(), "GIF"), "type_mismatch"),
        (hostile.jpeg_claiming(60_000, 60_000), "too_many_pixels"),
        (SMALL[:-400], "damaged"),
    ],
)
def test_s11_a_rejected_picture_says_why(service: Service, content: bytes, reason: str) -> None:
    answer = service.image(content, rules=json.dumps(USUAL | {"accepted": ["JPEG", "PNG", "WEBP"]}))
    assert (answer.status, answer.fields["error"], answer.fields["reason"]) == (422, "upload_rejected", reason)
    assert answer.fields["message"]


def test_s14_pdfs_are_inspected(service: Service) -> None:
    assert service.pdf(hostile.pdf()).fields == {"pages": 1}
    scripted = service.pdf(hostile.raw_pdf(b"<< /S /J#61vaScript >>"))
    assert (scripted.status, scripted.fields["reason"]) == (422, "active_content")
    assert "JavaScript" in scripted.fields["message"]
    assert service.pdf(hostile.pdf()[:200]).fields["reason"] == "damaged"
    assert service.pdf(b"").fields["reason"] == "empty"
    assert service.pdf(SMALL).fields["reason"] == "type_mismatch"


def test_healthz(service: Service) -> None:
    assert service.ask("GET", "/healthz").fields == {"status": "ok"}


# --- what is not in the protocol's form


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /elsewhere HTTP/1.1\r\n\r\n", 404),
        (b"GET /images HTTP/1.1\r\n\r\n", 405),
        (b"POST /healthz HTTP/1.1\r\n\r\n", 405),
        (b"POST /pdfs HTTP/1.1\r\n\r\n", 411),
        (b"POST /pdfs HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"POST /pdfs HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
        (b"POST /pdfs HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /pdfs HTTP/1.1\r\nContent-Length: 22020097\r\n\r\n", 413),
        (b"POST /pdfs HTTP/1.1\r\nX-Lane: a b\r\nContent-Length: 1\r\n\r\nx", 400),
        (b"GET /healthz HTTP/2\r\n\r\n", 400),
        (b"GET /healthz\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"\x16\x03\x01 HTTP/1.1\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 17_000, 431),
        (b"GET /healthz HTTP/1.1\r\n" + b"X: a\r\n" * 150 + b"\r\n", 431),
    ],
)
def test_what_is_no_request_is_told_so(service: Service, request_: bytes, status: int) -> None:
    with dialled(service.path) as connection:
        connection.sendall(request_)
        connection.shutdown(1)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    assert received.startswith(b"HTTP/1.1 %d " % status), received
    assert json.loads(received.partition(b"\r\n\r\n")[2])["message"]


def test_a_body_that_is_too_large_still_gets_its_answer(service: Service) -> None:
    assert service.pdf(bytes((21 << 20) + 1)).status == 413


def test_the_largest_body_is_taken(service: Service) -> None:
    assert service.pdf(bytes(21 << 20)).fields["reason"] == "type_mismatch"


def test_a_client_may_wait_to_be_told_to_go_on(service: Service) -> None:
    content = hostile.pdf()
    with dialled(service.path) as connection:
        connection.sendall(b"POST /pdfs HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(content))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(content)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    "rules",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"a": ' * 3000,
        json.dumps(USUAL | {"more": 1}),
        json.dumps(USUAL | {"quality": 96}),
        json.dumps(USUAL | {"quality": True}),
        json.dumps(USUAL | {"max_pixels": 0}),
        json.dumps(USUAL | {"accepted": []}),
        json.dumps(USUAL | {"accepted": ["EPS"]}),
        json.dumps(USUAL | {"format": "TIFF"}),
        json.dumps(USUAL | {"sizes": [{"name": "a", "fit": 5000}]}),
        json.dumps(USUAL | {"sizes": [{"name": "a"}]}),
        json.dumps(USUAL | {"sizes": [{"name": "a\n", "fit": 5}]}),
    ],
)
def test_rules_are_read_strictly(service: Service, rules: str) -> None:
    answer = service.image(SMALL, rules=rules)
    assert answer.status in (400, 431)
    assert answer.fields["message"]


def test_a_picture_without_a_lane_is_told_so(service: Service) -> None:
    assert service.ask("POST", "/images", SMALL, X_Rules=service.rules).status == 400


# --- the log, and what stays behind


def test_s06_the_log_has_the_request_and_never_the_file(service: Service) -> None:
    content = hostile.jpeg_with_everything()
    assert service.image(content, X_Request_Id="req-4711").status == 200
    assert service.image(b"CanaryFile", X_Request_Id='forged","x":"').status == 422
    line = eventually(lambda: [line for line in service.lines() if line.get("request_id") == "req-4711"], "a line")[0]
    assert (line["service"], line["event"], line["outcome"], line["status"]) == ("image", "images", "ok", 200)
    assert line["ms"] >= 0
    assert "Canary" not in service.log.read_text()
    assert "forged" not in service.log.read_text()


def test_s13_nothing_stays_behind_after_many_requests(own_service: Service) -> None:
    def round_of_ten() -> None:
        for _ in range(5):
            assert own_service.image(SMALL).status == 200
            assert own_service.image(SMALL[:500]).status == 422
        eventually(lambda: not own_service.children(), "no child")

    round_of_ten()
    before = held(own_service.pid)
    for _ in range(20):
        round_of_ten()
    descriptors, kilobytes = held(own_service.pid)
    assert descriptors == before[0]
    assert kilobytes < before[1] + 1024


def held(pid: int) -> tuple[int, int]:
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return len(os.listdir(f"/proc/{pid}/fd")), int(resident.split()[1])


# --- the start


def refused_start(tmp_path: Path, **variables: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "image_service.app"],
        cwd=ROOT,
        env=environment(tmp_path / "image.sock") | variables,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 2, ran
    return ran.stderr.decode()


def test_s06_it_does_not_start_with_a_credential(tmp_path: Path) -> None:
    """All are named at once, with the other faults, and no value is."""
    forbidden = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "GRANT_KEY_FILE",
        "GRANT_KEYS_FILE",
        "RECEIPT_KEYS_FILE",
        "IDENTITIES_DIR",
        "TOKEN_ISSUER",
        "TOKEN_KEYS_FILE",
        "DYNAMODB_ENDPOINT",
        "S3_BUCKET",
        "S3_UPLOAD_KEY",
        "MY_SECRET",
        "DB_PASSWORD",
        "SOME_API_KEY",
        "SOME_SECRETS_FILE",
    ]
    told = refused_start(tmp_path, DECODERS="many", **dict.fromkeys(forbidden, "CanaryValue"))
    assert all(f"{name}:" in told for name in [*forbidden, "DECODERS"]), told
    assert "Canary" not in told


@pytest.mark.parametrize(
    "bind", ["", "127.0.0.1:9000", "unix:relative.sock", "unix:/nowhere/to/be/found.sock", "unix:/tmp/" + "a" * 99]
)
def test_it_listens_on_a_unix_socket_or_not_at_all(tmp_path: Path, bind: str) -> None:
    assert "BIND" in refused_start(tmp_path, BIND=bind)


@pytest.mark.parametrize(
    ("name", "value"), [("DECODERS", "0"), ("DECODERS", "１"), ("DECODERS", "17"), ("LOG_LEVEL", "loud")]
)
def test_what_is_set_wrong_is_named(tmp_path: Path, name: str, value: str) -> None:
    assert name in refused_start(tmp_path, **{name: value})


def test_the_example_lists_what_it_reads() -> None:
    example = (ROOT / "deploy/env/image_service.env.example").read_text()
    assert [line.split("=")[0] for line in example.splitlines() if not line.startswith("#")] == [
        "BIND",
        "DECODERS",
        "LOG_LEVEL",
        "GLIBC_TUNABLES",  # read by the C library
    ]
