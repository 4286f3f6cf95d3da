"""What the stack says once it is up: its addresses, and the README's tour to paste. `--run` takes the tour itself.

The tour is the README's: every block of it that is fenced as `sh tour`, in order, as it stands.
"""

import argparse
import os
import re
import subprocess  # nosec: the script below
import sys
import tempfile

from local import settings

ADDRESSES = """
  the page          {gateway}/
  for services      {internal}   (never to be published)
  S3, records, pool {engine}   (the embedded engine)

To see it work, paste this into another terminal (or say `make tour` there):
"""
BLOCK = re.compile(r"^```sh tour\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text(running: settings.Settings) -> str:
    """The addresses, and the tour."""
    addresses = ADDRESSES.format(gateway=running.gateway_url, internal=running.internal_url, engine=running.engine_url)
    return f"{addresses}\ncd {settings.REPOSITORY}\n{script(running)}"


def script(running: settings.Settings) -> str:
    """The README's blocks, after what tells them which stack is meant."""
    handles = [f"export GATEWAY={running.gateway_url}"]
    if running.state_dir != settings.state_dir({}):
        handles.append(f"export STATE_DIR={running.state_dir}")
    blocks = BLOCK.findall((settings.REPOSITORY / "README.md").read_text(encoding="utf-8"))
    return "\n".join(["; ".join(handles), *blocks])


def main() -> int:
    """Print the tour, or with `--run` take it, in a folder of its own, and stop at the first step that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", action="store_true", help="take the tour against the running stack")
    running = settings.from_environment(os.environ)
    if not parser.parse_args().run:
        print(text(running))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        # `make` finds its Makefile by this; the pictures go to the folder.
        make = f'make() {{ command make -C "{settings.REPOSITORY}" "$@"; }}\n'
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-v"], input=make + script(running), text=True, check=False, cwd=folder
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
