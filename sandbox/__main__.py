"""``python -m sandbox``: run the bank until it is told to stop."""

import argparse
import errno
import signal
import sys
import threading
from datetime import date

from sandbox.server import SandboxServer, mutual_tls
from sandbox.world import DEFAULT_BASE_DATE, DEFAULT_HISTORY_DAYS


def main(arguments=None):
    """Serve until SIGTERM or Ctrl-C.

    :return: the exit code.
    """
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="A bank to test against."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090, help="0 takes a free port")
    parser.add_argument("--seed", type=int, default=7, help="decides every booking")
    parser.add_argument("--folder", help="where CAMT.053 files are dropped; none without it")
    parser.add_argument(
        "--base-date",
        type=date.fromisoformat,
        default=DEFAULT_BASE_DATE,
        help="the clock starts in the evening of this day",
    )
    parser.add_argument("--history-days", type=int, default=DEFAULT_HISTORY_DAYS)
    parser.add_argument(
        "--tls-port", type=int, default=0, help="for the interfaces with mutual TLS"
    )
    parser.add_argument("--tls-certificate", help="PEM; without it those interfaces are shut")
    parser.add_argument("--tls-key", help="PEM")
    parser.add_argument("--tls-client-authority", help="PEM: who signs the callers' certificates")
    options = vars(parser.parse_args(arguments))
    files = [options.pop(f"tls_{name}") for name in ("certificate", "key", "client_authority")]
    try:
        server = SandboxServer(tls=mutual_tls(*files) if all(files) else None, **options)
    except (OSError, OverflowError) as error:
        reason = f"cannot listen on {options['host']}:{options['port']}: {error}"
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            reason = (
                f"port {options['port']} is taken; choose another with --port, or 0 for a free one"
            )
        print(f"sandbox: {reason}.", file=sys.stderr)
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with server:
        also = f" and {server.tls_url}" if server.tls_url else ""
        print(f"sandbox ready at {server.url}{also}", flush=True)
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
