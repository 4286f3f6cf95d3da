"""Publication receipts (docs/contracts/grant-v1.md, "Answer"), by a key that is known, or by one of our own."""

import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

OWN = urlsafe_b64encode(secrets.token_bytes(32)).decode()


def made(item: Mapping[str, str], visibility: str, until: int, kid: str = "r1", secret: str = OWN) -> str:
    """A receipt in good form for an item's object; `until` in seconds since the epoch, `secret` in base64url."""
    terms = [kid, visibility, str(int(time.time())), str(until)]
    named = (item[part] for part in ("owner", "category", "id", "ext"))
    mac = hmac.digest(
        urlsafe_b64decode(secret + "=" * (-len(secret) % 4)),
        "\n".join(["countersign-receipt-v1", *terms, *named]).encode(),
        "sha256",
    )
    return ".".join(["v1", *terms, urlsafe_b64encode(mac).rstrip(b"=").decode()])
