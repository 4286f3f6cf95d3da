"""What render.sh takes, what it refuses, and that what it writes is sound."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.gateway.gateway_process import REPOSITORY, Gateway, eventually, render
from tests.integration.gateway.raw_http import request

GOOD = {"METADATA_UPSTREAM": "unix:/run/m.sock", "SIGNER_UPSTREAM": "localhost:9001"}
GIXY = Path(sys.executable).with_name("gixy")
CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_PROFILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "GRANT_KEY_FILE",
    "GRANT_KEYS_FILE",
    "RECEIPT_KEYS_FILE",
    "IDENTITIES_DIR",
    "TOKEN_KEYS_FILE",
    "S3_UPLOAD_KEY",
    "DB_PASSWORD",
    "SOME_SECRET",
    "SERVICE_TOKEN",
)
BAD = {
    "GATEWAY_LISTEN": ("80x", "0", "65536", "127.0.0.1", "127.0.0.1:8080;", "a b", "8080 ssl", "$x:80"),
    "INTERNAL_LISTEN": ("8082\n}", "8080", "0.0.0.0:8080", ":8081"),
    "METADATA_UPSTREAM": (
        "unix:relative",
        'unix:/a";b',
        "unix:/a$b",
        "metadata",
        "metadata:99999",
        "http://a:1",
        "unix:/a\nb",
    ),
    "SIGNER_UPSTREAM": ("unix:", "a:b", "unix:/a{b"),
    "RATE_LIMIT": ("0", "-1", "1.5", "many", "50r/s", "1000000", "50;"),
    "CORS_ORIGINS": (
        "*",
        "https://a.example/",
        "https://a.example,*",
        "null",
        "a.example",
        "https://a b",
        'https://a"',
        "https://a:0",
    ),
    "TRUSTED_PROXIES": (
        "0.0.0.0/0",
        "::/0",
        "10.0.0.0/33",
        "10.0.0",
        "10.0.0.256",
        "proxy.example",
        "10.0.0.0/8;",
        "unix:",
    ),
    "S3_PUBLIC_ENDPOINT": ("ftp://a", "https://a/b", "https://a;", "https://a 'unsafe-inline'", "https://*"),
    "TOKEN_ENDPOINT": ("https://a'", "a.example", "https://a\nb"),
    "TOKEN_CLIENT_ID": ('"', "a b", "a\nb"),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_bad_value_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    done = render({**GOOD, name: value}, str(tmp_path / "out"))
    assert done.returncode == 2
    assert name in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", CREDENTIALS)
def test_s06_a_credential_is_refused_by_name_and_never_shown(tmp_path: Path, name: str) -> None:
    done = render({**GOOD, name: "canary-value"}, str(tmp_path / "out"))
    assert done.returncode == 2
    assert re.search(rf"^gateway: {name} must not be set", done.stderr, re.MULTILINE)
    assert "canary" not in done.stderr + done.stdout
    assert not (tmp_path / "out").exists()


def test_every_fault_is_reported_at_once(tmp_path: Path) -> None:
    bad = {name: values[0] for name, values in BAD.items()} | dict.fromkeys(CREDENTIALS, "canary")
    done = render(bad, "relative/path")
    assert done.returncode == 2
    for name in (*BAD, *CREDENTIALS, "NGINX_DIR"):
        assert re.search(rf"^gateway: {name}\b", done.stderr, re.MULTILINE), name


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    done = render({}, str(tmp_path))
    assert done.returncode == 2
    assert "METADATA_UPSTREAM" in done.stderr
    assert "SIGNER_UPSTREAM" in done.stderr
    assert "NGINX_DIR" in render(GOOD).stderr


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = render(GOOD, str(tmp_path / "file" / "out"))
    assert done.returncode == 1
    assert "could not write" in done.stderr


def test_a_path_with_a_space_and_every_kind_of_address_will_do(
    a_gateway: Callable[..., Gateway], tmp_path: Path
) -> None:
    odd = {
        "GATEWAY_LISTEN": "[::1]:8080",
        "INTERNAL_LISTEN": "*:8081",
        "METADATA_UPSTREAM": "unix:/run/a folder/m.sock",
        "SIGNER_UPSTREAM": "127.0.0.1:9001",
        "CORS_ORIGINS": " https://a.example , http://[::1]:8080,,http://localhost:3000",
        "TRUSTED_PROXIES": "10.0.0.0/8, ::1 ,fd00::/8",
        "S3_PUBLIC_ENDPOINT": "http://[::1]:4566",
        "RATE_LIMIT": "off",
    }
    out = tmp_path / "a folder"
    done = render(odd, str(out))
    assert done.returncode == 0, done.stderr
    assert nginx_accepts(out) == ""


def nginx_accepts(rendered: Path) -> str:
    """What `nginx -t` complains of: nothing."""
    nginx = os.environ.get("COUNTERSIGN_NGINX") or shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    command = [str(nginx), "-e", "stderr", "-p", str(rendered), "-c", str(rendered / "nginx.conf"), "-t"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if re.search(r"\[(warn|error|emerg|alert)\]", line)]
    return "\n".join(complaints) if complaints or done.returncode == 0 else done.stderr


def test_nginx_has_nothing_to_complain_of(tmp_path: Path) -> None:
    assert render(GOOD, str(tmp_path)).returncode == 0
    assert nginx_accepts(tmp_path) == ""


@pytest.mark.skipif(not GIXY.exists(), reason="gixy is one of the development tools")
def test_gixy_finds_nothing(tmp_path: Path) -> None:
    done = render({**GOOD, "CORS_ORIGINS": "https://a.example", "TRUSTED_PROXIES": "10.0.0.0/8"}, str(tmp_path))
    assert done.returncode == 0
    found = subprocess.run([GIXY, tmp_path / "nginx.conf"], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout
    assert "No issues found" in found.stdout


def test_the_list_of_variables_is_the_one_that_is_read() -> None:
    listed = re.findall(r"^([A-Z0-9_]+)=", (REPOSITORY / "deploy/env/gateway.env.example").read_text(), re.MULTILINE)
    script = (REPOSITORY / "gateway/render.sh").read_text()
    read = set(re.findall(r"\$\{([A-Z][A-Z0-9_]+):-", script))
    assert set(listed) == read
    assert len(listed) == len(set(listed))


def test_rendered_again_a_reload_takes_it_on(a_gateway: Callable[..., Gateway]) -> None:
    running = a_gateway()
    asked = {"Origin": "https://new.example"}
    assert "access-control-allow-origin" not in request(running.port, "GET", "/healthz", asked)
    changed = running.variables | {"CORS_ORIGINS": "https://new.example"}
    assert render(changed, str(running.rendered), source=running.source).returncode == 0
    running.process.send_signal(signal.SIGHUP)
    eventually(
        lambda: "access-control-allow-origin" in request(running.port, "GET", "/healthz", asked),
        "the new origin is known",
    )
