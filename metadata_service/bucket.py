"""Where objects are: the bucket's own address as browsers use it. It signs nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bucket:
    """The bucket's origin, and the path below which its keys are."""

    name: str
    origin: str
    path: str

    @classmethod
    def at(cls, name: str, region: str, public_endpoint: str = "") -> Bucket:
        """A bucket on AWS, virtual-host style, or path style below another endpoint."""
        if public_endpoint:
            return cls(name, public_endpoint.rstrip("/"), f"/{name}/")
        return cls(name, f"https://{name}.s3.{region}.amazonaws.com", "/")

    @property
    def url(self) -> str:
        """The bucket's own URL, where forms are posted."""
        return self.origin + self.path

    def url_of(self, object_key: str) -> str:
        """The URL of one key, without a query; no character of a key needs escaping."""
        return self.url + object_key
