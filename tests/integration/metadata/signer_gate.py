"""A gate before the real signer: what a test wants done in between is done before the first request gets through."""

import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


class SignerGate:
    """Listens at `path`, a unix socket, and passes everything on, byte by byte."""

    def __init__(self, signer_socket: Path) -> None:
        self._signer_socket = str(signer_socket)
        # Not pytest's own folder: a unix socket's path ends at 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="cs-gate-"))
        self.path = self._folder / "gate.sock"
        self.was_asked = False
        self._act: Callable[[], object] | None = None
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def before_the_first(self, act: Callable[[], object]) -> None:
        """Do it when the signer is first asked, before it hears of it."""
        self._act = act

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        shutil.rmtree(self._folder)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                threading.Thread(target=self._pass, args=(line,), daemon=True).start()

    def _pass(self, line: socket.socket) -> None:
        act, self._act, self.was_asked = self._act, None, True
        if act is not None:
            act()
        signer = socket.socket(socket.AF_UNIX)
        signer.connect(self._signer_socket)
        threading.Thread(target=_copy, args=(line, signer), daemon=True).start()
        _copy(signer, line)


def _copy(origin: socket.socket, destination: socket.socket) -> None:
    with suppress(OSError):
        while octets := origin.recv(65_536):
            destination.sendall(octets)
        destination.shutdown(socket.SHUT_WR)
