"""The HTTP interface: a blueprint a noun; a route parses, calls and answers."""
