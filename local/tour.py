"""What the stack says once it is up: the page's address, and a tour in curl to paste. `--run` takes the tour itself."""

import argparse
import os
import subprocess  # nosec: the script below
import sys

from local import settings

ADDRESSES = """
  the page          {gateway}/
  for services      {internal}   (never to be published)
  S3, records, pool {engine}   (the embedded engine)

To see it work, paste this into another terminal:
"""

# Plain sh, curl and base64: nothing that a bare machine lacks.
SCRIPT = """\
cd {repository}
field() {{ sed -n 's/.*"'"$1"'": *"\\([^"]*\\)".*/\\1/p'; }}
ask() {{ curl -sS --fail-with-body -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@"; echo; }}

# Alice signs in, and has a profile.
TOKEN=$(make -s token USER=alice{handles})
ask {gateway}/profiles -d '{{"username": "alice", "full_name": "Alice Liddell", "title": "Explorer"}}'

# A picture: ask where it may go, send the bytes straight to S3, have it checked and made anew in three sizes.
FILES=$(mktemp -d)
base64 -d > $FILES/alice.png <<PNG
{picture}
PNG
PLACE=$(ask {gateway}/upload-url -d '{{"file_type": "profile_image", "content_type": "image/png"}}')
URL=$(printf '%s' "$PLACE" | field upload_url)
OBJECT=$(printf '%s' "$PLACE" | field key)
curl -sS --fail-with-body -X PUT -H 'Content-Type: image/png' --data-binary @$FILES/alice.png "$URL"
ask {gateway}/upload-complete -d '{{"key": "'"$OBJECT"'"}}'

# What everyone sees: the profile, and the picture by a signed URL.
curl -sS --fail-with-body {gateway}/profiles/alice; echo
curl -sSL --fail-with-body -o $FILES/alice.jpg -w '%{{content_type}}, %{{size_download}} bytes\\n' \\
  {gateway}/profiles/alice/avatar
"""

PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAGAAAABgAgMAAACf9p+rAAAADFBMVEUoWqD6+vrmoDwAAAC/JxHgAAABFElEQVR42u1UOQ7CMBAcG5AsKgqg"
    "domUT+QPwH/4RJ5AQ0WV2q+gpoeCHqRQJNi7tpEtIIICF9n1TGZnLR/Af/zqmK3JRLp0VGLlZgOXLgExP4YKAQCTSKkpAIwiREm+3JwPySyI"
    "iSWGLOSUmrCKOYqnROnFN0r1SNgdPOk21u97XNrQ5CtuLBCiYRVz1tEtpA4VZwC4RtbRMAvqsQcak74fHxyC5DscNrGrtgNmhQnbHQPAIqLY"
    "AoCwEskERGIJ7c1tqaqLj1ryidICCl4ivR8tMPAsrIkMtoW3pxyhGKGDk5Y6PhWBWncZ6nTOoVYUUjkKHUKJdiuGFeb1W+uxOq1QHFN9vFc6"
    "3ekXHsvKAwvzq2/7HV/zItkrQAzBAAAAAElFTkSuQmCC"
)


def text(running: settings.Settings) -> str:
    """The addresses, and the tour."""
    addresses = ADDRESSES.format(gateway=running.gateway_url, internal=running.internal_url, engine=running.engine_url)
    return f"{addresses}\n{script(running)}"


def script(running: settings.Settings) -> str:
    """The tour as a shell script, for the stack that runs with these settings."""
    is_default = running.state_dir == settings.state_dir({})
    return SCRIPT.format(
        repository=settings.REPOSITORY,
        gateway=running.gateway_url,
        internal=running.internal_url,
        handles="" if is_default else f" STATE_DIR={running.state_dir}",
        picture=PICTURE,
    )


def main() -> int:
    """Print the tour, or with `--run` take it and stop at the first step that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", action="store_true", help="take the tour against the running stack")
    running = settings.from_environment(os.environ)
    if not parser.parse_args().run:
        print(text(running))
        return 0
    return subprocess.run(["sh", "-euv"], input=script(running), text=True, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
