"""What requests may say, as marshmallow schemas, and what answers show."""
