"""Progress on the error stream, and programs run with their output kept in a log file."""

import contextlib
import errno
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .paths import LOGS, ROOT, SetupError

#: Without a terminal a long step says that it is alive this often, in seconds.
_HEARTBEAT = 20
_TAIL_LINES = 40


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Show that ``title`` is under way, how long it has taken, and that it ended."""
    started = time.monotonic()
    finished = threading.Event()
    # Only one step at a time can keep rewriting its line.
    terminal = sys.stderr.isatty() and threading.current_thread() is threading.main_thread()

    def tick() -> None:
        while not finished.wait(1 if terminal else _HEARTBEAT):
            elapsed = int(time.monotonic() - started)
            if terminal:
                print(f"\r  {title} ... {elapsed} s", end="", file=sys.stderr, flush=True)
            else:
                say(f"  {title} ... {elapsed} s")

    ticker = threading.Thread(target=tick, daemon=True)
    if not terminal:
        say(f"  {title} ...")
    ticker.start()
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        finished.set()
        ticker.join()
        elapsed = time.monotonic() - started
        say(f"{chr(13) if terminal else ''}  {title}: {outcome} ({elapsed:.0f} s)")


def tail(log: Path, lines: int = _TAIL_LINES) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def run(
    command: Sequence[str | Path],
    *,
    log_name: str,
    failure: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    **popen,
) -> Path:
    """Run a program to its end with its output in ``.run/logs``.

    :param failure: the sentence shown, with the place of the log, if the program fails.
    :return: the log file.
    :raise SetupError: when the program fails or cannot be started.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{log_name}.log"
    with log.open("wb") as output:
        try:
            done = subprocess.run(
                [str(part) for part in command],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=env and dict(env),
                cwd=cwd,
                **popen,
            )
        except FileNotFoundError as error:
            raise SetupError(f"The program {command[0]} is missing: install it.") from error
    if done.returncode:
        if "No space left on device" in log.read_text(errors="replace"):
            failure = _disk_is_full(cwd or ROOT)
        raise SetupError(f"{failure} (details: {log})")
    return log


def _disk_is_full(place: str | Path) -> str:
    return f"The disk holding {place} is full: free some space and run this again."


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn what stops a command into one sentence and an exit code."""
    try:
        yield
    except SetupError as error:
        raise SystemExit(f"error: {error}") from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise SystemExit(f"error: {_disk_is_full(error.filename or ROOT)}") from None
        raise
    except KeyboardInterrupt:
        say("\ninterrupted: run the same command again to go on from here.")
        raise SystemExit(130) from None
