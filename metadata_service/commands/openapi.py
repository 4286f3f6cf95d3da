"""`python -m metadata_service.commands.openapi`: writes the interface's description, OpenAPI 3.1, to stdout.

Needs apispec, which the development environment has and the service's image has not.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main() -> int:
    """Write it; the exit status."""
    try:
        # Here, and not above: whoever merely imports the service's modules must not need it.
        from .interface.document import built
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "apispec":
            raise
        print("openapi: apispec is not installed here; it is in requirements/dev.txt", file=sys.stderr)
        return 2
    sys.stdout.write(written(built()))
    return 0


def written(document: dict[str, Any]) -> str:
    """The description as the committed files have it."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
