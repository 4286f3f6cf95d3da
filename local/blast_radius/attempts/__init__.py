"""The table: what is attempted in each process, what must refuse it, and the control beside it."""
