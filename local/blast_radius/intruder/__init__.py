"""What an intruder does, once inside a process. It is copied to where that process's user can read it, and run there.

It imports nothing else of the project: it has what the process has, and what it is told on standard input.
"""
