"""Two commands started at once take turns where they would get in each other's way."""

import contextlib
import fcntl
from collections.abc import Iterator

from .paths import RUN
from .progress import say


@contextlib.contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Hold the lock ``name`` of this clone; the system frees it when the process ends."""
    folder = RUN / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"  waiting for another command that holds '{name}' ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
