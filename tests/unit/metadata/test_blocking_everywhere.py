"""No path may forget that an object is blocked: whoever has reading signed goes by the one place that looks."""

import ast
from pathlib import Path

import metadata_service

PACKAGE = Path(metadata_service.__file__).parent
MAY_ASK = {
    "media_urls.py",  # to_read, which looks
    "exporting.py",  # looks at each row itself
    "uploads/beginning.py",  # of what is not there yet
    "uploads/completing.py",  # of what nobody else has seen yet
}


def test_s26_reading_is_signed_where_a_block_is_looked_at() -> None:
    asking = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "get_served"
    }
    assert asking <= MAY_ASK
    assert "media_urls.py" in asking
