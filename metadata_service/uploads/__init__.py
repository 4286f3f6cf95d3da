"""Uploads, from asking for a URL to what is served."""
