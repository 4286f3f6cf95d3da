"""Decodes and re-encodes pictures, inspects PDFs: each file in a process of its own, with no way out."""
