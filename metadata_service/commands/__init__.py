"""What is run by hand or beside the service, with the same rules and records."""
