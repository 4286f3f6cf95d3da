"""Uploads, from asking for a URL to what is served: what other parts of the service may call."""

from .posting import Posted, key_of_url, settle

__all__ = ["Posted", "key_of_url", "settle"]
