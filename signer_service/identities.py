"""The three S3 identities, from files that an agent outside may rotate, and which of them signs what."""

import json
import re
from typing import Final

from .config import Config
from .errors import CredentialsUnavailable
from .presign import Bucket, Identity, Presigner
from .watched import WatchedFile

IDENTITY_OF: Final = {"put": "uploader", "post": "uploader", "get": "reader", "delete": "remover"}


class Identities:
    """Presigners by operation, made anew when an identity's file changes."""

    def __init__(self, config: Config) -> None:
        self._bucket = Bucket.at(config.s3_bucket, config.aws_region, config.s3_public_endpoint)
        names = sorted(set(IDENTITY_OF.values()))
        self.files = {name: WatchedFile(config.identities_dir / f"{name}.json", self._parse) for name in names}

    def _parse(self, text: bytes) -> Presigner:
        identity = Identity(**json.loads(text))
        if not re.fullmatch(r"[A-Z0-9]{16,128}", identity.access_key_id) or not identity.secret_access_key:
            raise ValueError("not an access key")
        if type(identity.expires_at) not in (int, type(None)):
            raise ValueError("expires_at is whole seconds since the epoch")
        return Presigner(identity, self._bucket)

    def for_operation(self, op: str, now: float) -> Presigner:
        """The presigner for this operation. Raises CredentialsUnavailable where there is none, or its session ended."""
        presigner = self.files[IDENTITY_OF[op]].read()
        if presigner is None or (presigner.ends_at is not None and presigner.ends_at <= now):
            raise CredentialsUnavailable(f"the {IDENTITY_OF[op]} identity is not there, or its session has ended")
        return presigner
