"""Every protection that `make blast-radius-breaks` takes down, and the rows that must turn red without it."""

from pathlib import Path

from local.blast_radius.second import Patch
from local.blast_radius.stage import Stage
from local.blast_radius.weakenings import Break, allowed, as_user_of, opened, outside, patched, signer, unfiltered


def _secrets_of_signer(stage: Stage) -> list[Path]:
    folder = Path(stage.running.members["signer_service"].own)
    return [folder, *folder.rglob("*")]


def _state(stage: Stage) -> list[Path]:
    return [stage.running.state_dir, stage.running.secrets, stage.running.secrets / "deployment.json"]


def _socket_of_image(stage: Stage) -> list[Path]:
    socket = Path(stage.running.socket("image_service"))
    return [socket.parent, socket]


def _grant_keys(stage: Stage) -> list[Path]:
    return [stage.running.public / "grant-keys.json"]


AROUND_PROCESSES = (
    Break(
        "user",
        "a user of its own: keys runs as the signer's",
        ("keys-files-of-signer", "keys-search", "keys-kept"),
        as_user_of("signer_service"),
    ),
    Break(
        "modes",
        "modes of files: the signer's secrets are 0755",
        ("metadata-files-of-signer",),
        opened(_secrets_of_signer, 0o055),
    ),
    Break("state", "modes of files: the state folder is 0755", ("gateway-state",), opened(_state, 0o055)),
    Break(
        "socket",
        "modes of sockets: the decoder's is open to all",
        ("sweeper-sockets",),
        opened(_socket_of_image, 0o077),
    ),
    Break("trust", "modes of files: the grant keys are 0666", ("metadata-trust",), opened(_grant_keys, 0o022)),
    Break(
        "dumpable",
        "PR_SET_DUMPABLE: the signer leaves it",
        ("signer-own-memory",),
        signer("gunicorn.conf.py", "ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)", "None"),
    ),
    Break("network", "a network namespace: the signer has none", ("signer-network",), outside("net")),
    Break(
        "seccomp",
        "the service's seccomp filter is not installed",
        ("image-socket", "image-program", "image-ring"),
        unfiltered("service"),
    ),
    Break(
        "decoder",
        "the decoder's seccomp filter is not installed",
        ("decoder-read", "decoder-look"),
        unfiltered("decoder"),
    ),
    Break("limits", "the decoder's rlimits are not set", ("decoder-memory-limit",), unfiltered("limits")),
)

AROUND_IDENTITIES = (
    Break(
        "iam-metadata",
        "metadata's IAM policy allows s3:*",
        ("metadata-s3-get", "metadata-s3-put", "metadata-s3-list"),
        allowed("metadata", "s3:*"),
    ),
    Break(
        "iam-uploader",
        "the uploader's IAM policy allows s3:GetObject",
        ("signer-abroad-uploader",),
        allowed("uploader", "s3:GetObject"),
    ),
    Break(
        "iam-sweeper",
        "the sweeper's IAM policy allows dynamodb:GetItem",
        ("sweeper-records",),
        allowed("sweeper", "dynamodb:GetItem"),
    ),
)

_OWNER = Patch("proofs.py", "proof is Proof.SERVICE or caller.owner == item.owner", "True")

IN_THE_SIGNER = (
    Break(
        "proof",
        "signer: no proof is asked for",
        ("metadata-no-token", "metadata-put", "metadata-delete", "metadata-publish"),
        signer("proofs.py", "if proof is not Proof.NOBODY:", "if False:"),
    ),
    Break(
        "owner",
        "signer: the token need not be the owner's",
        ("metadata-other-token",),
        patched("signer_service", _OWNER),
    ),
    Break(
        "caller",
        "signer: nor need it be the one's that the grant names",
        ("metadata-named",),
        patched("signer_service", _OWNER, Patch("countersigner.py", "caller.name == grant.caller", "True")),
    ),
    Break(
        "token-signature",
        "signer: a token's signature is not checked",
        ("metadata-tampered-token", "metadata-own-key-token", "metadata-none-token", "metadata-hs256-token"),
        signer("proofs.py", "key is None or not token.is_signed_by(key)", "key is None"),
    ),
    Break(
        "token-end",
        "signer: a token never ends",
        ("metadata-expired-token",),
        signer("proofs.py", "begins - CLOCK_SKEW <= now < ends", "begins - CLOCK_SKEW <= now"),
    ),
    Break(
        "token-use",
        "signer: a token's use and client are not checked",
        ("metadata-id-token",),
        signer("proofs.py", 'return claims["token_use"] == "access" and', "return True or"),
    ),
    Break(
        "grant-signature",
        "signer: a grant's signature is not checked",
        ("gateway-grant-own", "signer-grant-own", "signer-grant-hs256"),
        signer("grants.py", "token.is_signed_by(key.public)", "True"),
    ),
    Break(
        "issuer",
        "signer: a kid speaks for any issuer",
        ("metadata-issuer",),
        signer("grants.py", 'claims["iss"] == key.issuer', "True"),
    ),
    Break(
        "audience",
        "signer: a grant's audience is not checked",
        ("metadata-replica",),
        signer("grants.py", 'claims["aud"] == f"countersign-signer/{replica}"', "True"),
    ),
    Break(
        "grant-life",
        "signer: a grant may live for any time",
        ("metadata-61s",),
        signer("grants.py", "< expires_at <= issued_at + LONGEST_LIFE", "< expires_at"),
    ),
    Break(
        "url-life",
        "signer: a URL may live for any time",
        ("metadata-life", "sweeper-long"),
        signer("policy.py", "item.expires_at - grant.issued_at <= rule.longest_life", "True"),
    ),
    Break(
        "replay",
        "signer: a grant is not remembered",
        ("metadata-again",),
        signer("replay.py", "INSERT INTO used", "INSERT OR IGNORE INTO used"),
    ),
    Break(
        "receipt",
        "signer: a receipt's HMAC is not compared",
        ("metadata-forged-receipt", "metadata-other-receipt", "metadata-changed-receipt"),
        signer("proofs.py", "hmac.compare_digest(receipt(kid, keys[kid], terms, item), shape[0])", "True"),
    ),
    Break(
        "table",
        "signer: what the table has no row for is signed",
        ("sweeper-get", "sweeper-put"),
        signer("policy.py", "item.op, item.area), [])", "item.op, item.area), [Rule(Proof.NOBODY, 3_600)])"),
    ),
    Break(
        "overwrite",
        "signer: If-None-Match may be left out of a PUT below users",
        ("metadata-bare-put",),
        signer("schemas.py", 'BOUND_BELOW_USERS if (raw["op"], raw.get("area")) == ("put", USERS) else set()', "set()"),
    ),
    Break(
        "cap",
        "signer: deletes are not capped",
        ("sweeper-cap",),
        patched("signer_service", environment={"DELETES_PER_MINUTE": "999999"}),
    ),
)

IN_METADATA = (
    Break(
        "metadata-token",
        "metadata: a token's signature is not checked",
        ("gateway-tampered-token", "gateway-own-key-token"),
        patched("metadata_service", Patch("callers.py", " or not public_key.signed(split)", "")),
    ),
)

ALL = (*AROUND_PROCESSES, *AROUND_IDENTITIES, *IN_THE_SIGNER, *IN_METADATA)
