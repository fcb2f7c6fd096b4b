"""Downloads that cannot hang."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

NO_ANSWER = 10  # seconds; connecting, its encryption and one read together stay within 30


@contextmanager
def no_hanging(seconds: float = NO_ANSWER) -> Iterator[None]:
    """Within it, a server or proxy that never answers raises instead of hanging for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
