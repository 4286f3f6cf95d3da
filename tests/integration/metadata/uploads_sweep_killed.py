"""Sweeps once, and is killed (SIGKILL) after so many deletes in S3: python -m … DELETES."""

import sys

from metadata_service import s3
from metadata_service.commands import sweep
from tests.integration.metadata.uploads_killed import dying

if __name__ == "__main__":
    s3.S3.delete = dying(s3.S3.delete, before=False, on_call=int(sys.argv[1]))  # type: ignore[method-assign] # the fault
    sys.exit(sweep.main(["--once"]))
