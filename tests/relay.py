"""A line between a client and a server of this machine that can be cut, fall silent or be held."""

import contextlib
import socket
import threading
from collections.abc import Callable


class Relay:
    """Passes the bytes of every connection on: what else the client asks, such as a status, has its own.

    :ivar port: where the client connects to.
    :ivar silent: set it, and what either side says is lost.
    :ivar held: set once ``holds`` said so: from then on the server hears nothing more.
    """

    def __init__(self, server_port: int, holds: Callable[[], bool] = lambda: False):
        self._server_port = server_port
        self._holds = holds
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = []
        self.port = self._listener.getsockname()[1]
        self.silent = threading.Event()
        self.held = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _peer = self._listener.accept()
                self._sockets.append(near)
                far = socket.create_connection(("127.0.0.1", self._server_port))
                self._sockets.append(far)
                for ends in ((far, near, lambda: False), (near, far, self._hears_no_more)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source, target, holds) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                if holds():
                    self.held.set()
                    return
                if not self.silent.is_set():
                    target.sendall(piece)

    def _hears_no_more(self) -> bool:
        return self.held.is_set() or self._holds()

    def cut(self) -> None:
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        for each in self._sockets:
            each.close()
