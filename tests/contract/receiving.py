"""A receiver of alerts on this machine: a real HTTP server that keeps what it is sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """What the server answers next, and what it was sent.

    ``dripping`` sends a byte of the body every tenth of a second, for as long as it says.
    """

    status: int = 200
    body: bytes = b"ok"
    location: str = ""
    silent: float = 0.0
    dripping: float = 0.0
    port: int = 0
    requests: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address, with a secret in the path as Slack's have."""
        return f"http://127.0.0.1:{self.port}/services/CANARY-SECRET"


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A server for the length of a test."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(length)
            receiver.requests.append((self.path, dict(self.headers), body))
            time.sleep(receiver.silent)
            try:
                self._answer()
            except OSError:
                self.close_connection = True  # the client had enough

        do_GET = do_POST  # noqa: N815

        def _answer(self) -> None:
            self.send_response(receiver.status)
            if receiver.location:
                self.send_header("Location", receiver.location)
            if not receiver.dripping:
                self.send_header("Content-Length", str(len(receiver.body)))
            self.end_headers()
            end = time.monotonic() + receiver.dripping
            while time.monotonic() < end:
                self.wfile.write(b".")
                time.sleep(0.1)
            self.wfile.write(receiver.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
