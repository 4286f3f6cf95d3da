"""Countersign beside what people would use instead; `make bench` prints the table."""
