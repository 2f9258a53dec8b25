"""Many readers at once over plain sockets, with as little work of their own as can be.

Run as a program of its own, so that it takes no time from what it measures:
`python -m bench._serve_load BASE SECONDS READERS` with paths on standard input, one a line.
"""

from __future__ import annotations

import json
import select
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

HEADERS_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Told:
    """What the readers met."""

    per_s: float
    asked: int
    mib: float
    refused: int


class Reader:
    """One connection that asks the next path when it has the whole answer."""

    def __init__(self, host: str, port: int, headers: str) -> None:
        self.line = socket.create_connection((host, port))
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.about = f"Host: {host}:{port}\r\n{headers}\r\n".encode()
        self.got, self.left = b"", -1

    def ask(self, path: str) -> None:
        """Send a question."""
        self.got, self.left = b"", -1
        self.line.sendall(b"GET " + path.encode() + b" HTTP/1.1\r\n" + self.about)

    def take(self) -> tuple[int, int] | None:
        """Read what has come; status and bytes once it is whole."""
        part = self.line.recv(1 << 18)
        if not part:
            raise ConnectionError("the server hung up")
        if self.left >= 0:
            self.left -= len(part)
        else:
            self.got += part
            end = self.got.find(HEADERS_END)
            if end < 0:
                return None
            head = self.got[:end].lower()
            place = head.find(b"content-length:")
            self.length = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
            self.status = int(head[9:12])
            self.left = self.length - (len(self.got) - end - 4)
        return (self.status, self.length) if self.left <= 0 else None


def load(base: str, paths: Sequence[str], *, seconds: float, readers: int, headers: str) -> Told:
    """Ask `paths` one after the other, over and over with as many readers, for so long; with
    `seconds` 0, each once."""
    parts = urlsplit(base)
    lines = [Reader(parts.hostname or "", parts.port or 80, headers) for _ in range(readers)]
    poll, by_file = select.epoll(), {one.line.fileno(): one for one in lines}
    count = received = refused = sent = 0
    start = time.perf_counter()
    for one in lines[: len(paths) if not seconds else None]:
        poll.register(one.line.fileno(), select.EPOLLIN)
        one.ask(paths[sent % len(paths)])
        sent += 1
    waiting = sent
    while waiting:
        for file, _ in poll.poll():
            done = by_file[file].take()
            if done is None:
                continue
            count, received, waiting = count + 1, received + done[1], waiting - 1
            refused += done[0] not in {200, 204, 304}
            if sent < len(paths) if not seconds else time.perf_counter() - start < seconds:
                by_file[file].ask(paths[sent % len(paths)])
                sent, waiting = sent + 1, waiting + 1
    took = time.perf_counter() - start
    for one in lines:
        one.line.close()
    return Told(count / took, count, received / 2**20, refused)


def loaded(
    base: str, paths: Sequence[str], *, seconds: float = 0, readers: int = 16, headers: str = ""
) -> Told:
    """The same by a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench._serve_load", base, str(seconds), str(readers), headers],
        input="\n".join(paths), stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return Told(**json.loads(done.stdout))


if __name__ == "__main__":
    where, long, many, told = sys.argv[1:]
    asked = sys.stdin.read().split()
    print(json.dumps(vars(load(where, asked, seconds=float(long), readers=int(many),
                               headers=told.encode().decode("unicode_escape")))))  # fmt: skip
