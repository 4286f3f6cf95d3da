"""What `python -m metadata_service.commands.openapi` makes the interface's description of. No request comes by here."""
