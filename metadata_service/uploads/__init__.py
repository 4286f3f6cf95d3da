"""Uploads, from asking for a URL to what is served: what other parts of the service may call."""

from .posting import Posted, key_of_url, settle
from .settling import settle_pending

__all__ = ["Posted", "key_of_url", "settle", "settle_pending"]
