"""Every protection that `make blast-radius-breaks` takes down, and the rows that must turn red without it."""

from pathlib import Path

from local.blast_radius.second import Patch
from local.blast_radius.stage import Stage
from local.blast_radius.weakenings import Break, Weakening, allowed, as_user_of, opened, outside, patched, unfiltered


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


def _break(name: str, says: str, rows: str, weaken: Weakening) -> Break:
    return Break(name, says, tuple(rows.split()), weaken)


def _without(service: str, name: str, says: str, rows: str, file: str, before: str, after: str) -> Break:
    """A service without one check: in `file` of its package, `before` becomes `after`."""
    whose = service.removesuffix("_service")
    return _break(name, f"{whose}: {says}", rows, patched(service, Patch(file, before, after)))


# fmt: off
AROUND_PROCESSES = (
    _break("user", "a user of its own: keys runs as the signer's", "keys-files-of-signer keys-search keys-kept",
           as_user_of("signer_service")),
    _break("modes", "modes of files: the signer's secrets are 0755", "metadata-files-of-signer",
           opened(_secrets_of_signer, 0o055)),
    _break("state", "modes of files: the state folder is 0755", "gateway-state", opened(_state, 0o055)),
    _break("socket", "modes of sockets: the decoder's is open to all", "sweeper-sockets",
           opened(_socket_of_image, 0o077)),
    _break("trust", "modes of files: the grant keys are 0666", "metadata-trust", opened(_grant_keys, 0o022)),
    _without("signer_service", "dumpable", "it leaves PR_SET_DUMPABLE as it was", "signer-own-memory",
             "gunicorn.conf.py", "ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)", "None"),
    _break("network", "a network namespace: the signer has none", "signer-network", outside("net")),
    _break("seccomp", "the service's seccomp filter is not installed", "image-socket image-program image-ring",
           unfiltered("service")),
    _break("decoder", "the decoder's seccomp filter is not installed", "decoder-read decoder-look",
           unfiltered("decoder")),
    _break("limits", "the decoder's rlimits are not set", "decoder-memory-limit", unfiltered("limits")),
)

AROUND_IDENTITIES = (
    _break("iam-metadata", "metadata's IAM policy allows s3:*",
           "metadata-s3-get metadata-s3-put metadata-s3-part metadata-s3-list metadata-s3-uploads",
           allowed("metadata", "s3:*")),
    _break("iam-uploader", "the uploader's IAM policy allows s3:GetObject", "signer-abroad-uploader",
           allowed("uploader", "s3:GetObject")),
    _break("iam-parts", "the remover's IAM policy allows s3:AbortMultipartUpload", "signer-abroad-remover",
           allowed("remover", "s3:AbortMultipartUpload")),
    _break("iam-sweeper", "the sweeper's IAM policy allows dynamodb:GetItem", "sweeper-records",
           allowed("sweeper", "dynamodb:GetItem")),
    _break("iam-writes", "the sweeper's IAM policy allows dynamodb:UpdateItem", "sweeper-write-records",
           allowed("sweeper", "dynamodb:UpdateItem")),
)

_OWNER = Patch("proofs.py", "proof is Proof.SERVICE or caller.owner == item.owner", "True")
_PART = '("metadata", "multipart_part",     "incoming"): [Rule(Proof.{},'
_CHECKS_OF_SIGNER = (
    # name, what is no longer so, the rows that turn red; the file, what it has, and instead
    ("proof", "no proof is asked for", "metadata-no-token metadata-put metadata-delete metadata-publish metadata-link",
     "proofs.py", "if proof is not Proof.NOBODY:", "if False:"),
    ("owner", "the token need not be the owner's",
     "metadata-other-token metadata-parts-other-token metadata-service-space metadata-service-owner",
     _OWNER.file, _OWNER.before, _OWNER.after),
    ("token-signature", "a token's signature is not checked",
     "metadata-tampered-token metadata-own-key-token metadata-none-token metadata-hs256-token metadata-service-token",
     "proofs.py", "key is None or not token.is_signed_by(key)", "key is None"),
    ("token-end", "a token never ends", "metadata-expired-token metadata-service-ended",
     "proofs.py", "begins - CLOCK_SKEW <= now < ends", "begins - CLOCK_SKEW <= now"),
    ("token-use", "a token's use and client are not checked", "metadata-id-token",
     "proofs.py", 'return claims["token_use"] == "access" and', "return True or"),
    ("scope", "a service's scopes are not checked", "metadata-service-scope",
     "proofs.py", "caller.scopes is None or not caller.scopes.isdisjoint(wanted)", "True"),
    ("grant-signature", "a grant's signature is not checked", "gateway-grant-own signer-grant-own signer-grant-hs256",
     "grants.py", "token.is_signed_by(key.public)", "True"),
    ("issuer", "a kid speaks for any issuer", "metadata-issuer", "grants.py", 'claims["iss"] == key.issuer', "True"),
    ("audience", "a grant's audience is not checked", "metadata-replica",
     "grants.py", 'claims["aud"] == f"countersign-signer/{replica}"', "True"),
    ("grant-life", "a grant may live for any time", "metadata-61s",
     "grants.py", "< expires_at <= issued_at + LONGEST_LIFE", "< expires_at"),
    ("url-life", "a URL may live for any time", "metadata-life sweeper-long",
     "policy.py", "item.expires_at - grant.issued_at <= rule.longest_life", "True"),
    ("replay", "a grant is not remembered", "metadata-again",
     "replay.py", "INSERT INTO used", "INSERT OR IGNORE INTO used"),
    ("receipt", "a receipt's HMAC is not compared",
     "metadata-forged-receipt metadata-other-receipt metadata-changed-receipt metadata-link-prolonged",
     "proofs.py", "hmac.compare_digest(receipt(kid, keys[kid], terms, item), shape[0])", "True"),
    ("link-end", "a share link's receipt never ends", "metadata-link-end",
     "proofs.py", "not terms.until or (now < terms.until and item.expires_at <= terms.until)", "True"),
    ("link-life", "a share link's receipt may last for any time", "metadata-link-life",
     "policy.py", "item.until - grant.issued_at <= LONGEST_LINK", "True"),
    ("table", "what the table has no row for is signed", "sweeper-get sweeper-put sweeper-parts metadata-parts-served",
     "policy.py", "item.op, item.area), [])", "item.op, item.area), [Rule(Proof.NOBODY, 3_600)])"),
    ("part", "the table's row for parts asks for no proof", "metadata-parts-no-token metadata-parts-other-token",
     "policy.py", _PART.format("OWNER"), _PART.format("NOBODY")),
    ("overwrite", "If-None-Match may be left out of a PUT below users", "metadata-bare-put",
     "schemas.py", 'BOUND_BELOW_USERS if (raw["op"], raw.get("area")) == ("put", USERS) else set()', "set()"),
    ("abort-cap", "aborts are not capped", "sweeper-cap",
     "policy.py", '(item.op == "multipart_abort" and proof is Proof.NOBODY)', "False"),
)
IN_THE_SIGNER = (
    *(_without("signer_service", *check) for check in _CHECKS_OF_SIGNER),
    _break("caller", "signer: neither the owner's, nor the one's that the grant names", "metadata-named",
           patched("signer_service", _OWNER, Patch("countersigner.py", "caller.name == grant.caller", "True"))),
    _break("cap", "signer: deletes are not capped", "sweeper-cap",
           patched("signer_service", environment={"DELETES_PER_MINUTE": "999999"})),
)

_CHECKS_OF_METADATA = (
    ("metadata-token", "a token's signature is not checked", "gateway-tampered-token gateway-own-key-token",
     "callers.py", " or not public_key.signed(split)", ""),
    ("tombstone", "an erased account's tombstone is not seen", "gateway-erased-token",
     "store/users.py", 'if "erased_at" in row:', "if False:"),
    ("service-signature", "a service token's signature is not checked", "gateway-service-token",
     "services.py", " or not registration.public_key.signed(split)", ""),
    ("service-end", "a service token never ends", "gateway-service-ended",
     "services.py", "now < expires_at <= issued_at", "expires_at <= issued_at"),
    ("service-scope", "a service token's scopes are not checked", "gateway-service-scope",
     "services.py", "if scope not in self.scopes:", "if False:"),
)
IN_METADATA = tuple(_without("metadata_service", *check) for check in _CHECKS_OF_METADATA)
# fmt: on

ALL = (*AROUND_PROCESSES, *AROUND_IDENTITIES, *IN_THE_SIGNER, *IN_METADATA)
