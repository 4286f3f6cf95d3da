"""Countersign for internal services."""

from .client import Client
from .errors import CountersignError, Unreachable
from .items import Get, Put
from .results import Begun, Place, ReadyUpload, SignedUrl

__all__ = ["Begun", "Client", "CountersignError", "Get", "Place", "Put", "ReadyUpload", "SignedUrl", "Unreachable"]
