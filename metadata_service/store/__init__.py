"""The tables: one module each, and the only place that knows DynamoDB's words."""
