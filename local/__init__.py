"""The local stack behind `make run`: the embedded engine, what is deployed to it, and the runner."""
