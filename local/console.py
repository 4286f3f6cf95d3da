"""What the processes print, each line behind its process's name, in its colour."""

import os
import selectors
import sys
import threading
from io import FileIO

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92)
PLAIN, BOLD, RED = "\x1b[0m", "\x1b[1m", "\x1b[31m"
LONGEST_LINE = 32_768


class Console:
    """Writes to stdout, a thread of its own reading the processes' pipes."""

    def __init__(self) -> None:
        self._coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._lock = threading.Lock()
        self._followed = 0
        self._ended = threading.Semaphore(0)
        self._streams = selectors.EpollSelector()
        self._streams.register(_sleeper(), selectors.EVENT_READ, None)
        self._is_gone = False
        threading.Thread(target=self._pump, daemon=True).start()

    @property
    def is_gone(self) -> bool:
        """Nobody reads any more: stdout is a closed pipe."""
        return self._is_gone

    def say(self, text: str) -> None:
        """The runner's own words."""
        self._print("runner", text, BOLD)

    def fail(self, text: str) -> None:
        """The runner's own words, where something is wrong."""
        self._print("runner", text, RED)

    def plain(self, text: str) -> None:
        """A line as it is, to be pasted or matched."""
        with self._lock:
            self._write(text + "\n")

    def follow(self, name: str, stream: FileIO) -> None:
        """Print what comes out of this pipe, until it ends."""
        os.set_blocking(stream.fileno(), False)
        colour = f"\x1b[{COLOURS[self._followed % len(COLOURS)]}m"
        self._followed += 1
        self._streams.register(stream, selectors.EVENT_READ, _Source(name, colour, stream))

    def drain(self, seconds: float) -> None:
        """Wait until every pipe has ended, for the last words are the ones that count."""
        for _ in range(self._followed):
            if not self._ended.acquire(timeout=seconds):
                return

    def _pump(self) -> None:
        while True:
            for registered, _ in self._streams.select():
                self._read(registered.data)

    def _read(self, source: "_Source") -> None:
        received = source.stream.read(65_536)
        if received is None:
            return
        for line in source.lines(received):
            self._print(source.name, line, source.colour)
        if not received:
            self._streams.unregister(source.stream)
            source.stream.close()
            self._ended.release()

    def _print(self, name: str, text: str, colour: str) -> None:
        # A process's output is not trusted with the terminal: no control characters pass.
        printable = "".join(
            sign if sign.isprintable() or sign == "\t" else "\N{REPLACEMENT CHARACTER}" for sign in text
        )
        prefix = f"{name:<16} | "
        with self._lock:
            self._write((f"{colour}{prefix}{PLAIN}" if self._coloured else prefix) + printable + "\n")

    def _write(self, text: str) -> None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except (BrokenPipeError, ValueError):
            self._is_gone = True


class _Source:
    """A process's pipe, and the line that is not whole yet."""

    def __init__(self, name: str, colour: str, stream: FileIO) -> None:
        self.name = name
        self.colour = colour
        self.stream = stream
        self._rest = b""

    def lines(self, received: bytes) -> list[str]:
        """The lines that are whole now; the rest too at the end, or where a line is longer than any should be."""
        *whole, self._rest = (self._rest + received).split(b"\n")
        if self._rest and (not received or len(self._rest) > LONGEST_LINE):
            whole.append(self._rest)
            self._rest = b""
        return [line.decode("utf-8", "replace") for line in whole]


def _sleeper() -> int:
    """A pipe's end that never becomes readable: a selector with nothing to watch would not wait."""
    reader, _writer = os.pipe()
    return reader
