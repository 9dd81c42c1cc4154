"""An Odoo server process that can be started, killed and looked into."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import Pipe
from pathlib import Path

import odoorpc
import psycopg2
import requests

from lib import odoo, odoo_conf, progress
from lib.paths import LOGS, ROOT

_BESIDE = Path(__file__).with_name("beside.py")


class OdooServer:
    """Odoo with the queue's runner on one database.

    :ivar url: where it answers.
    :ivar log: its output, of all its starts.
    """

    def __init__(self, cluster, name, *, queue=True, finance=None, extra=None):
        self.cluster = cluster
        self.name = name
        self.port = odoo.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.conf = odoo_conf.write(
            name, cluster, port=self.port, queue=queue, finance=finance, extra=extra
        )
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log = LOGS / f"{name}.log"
        self.log.unlink(missing_ok=True)
        self.process = None
        self._clients = {}
        self._connections = {}
        self._beside = None
        self._was_killed = False

    def start(self):
        assert self.process is None, "it runs already: a second one would outlive the test"
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                odoo.command(Path(sys.executable), self.conf, "server"),
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=odoo.environment(),
                cwd=ROOT,
                start_new_session=True,
            )
        self.wait_for(self._answers, "the server to answer")

    def _answers(self):
        assert self.process.poll() is None, f"the server ended: see {self.log}"
        try:
            return requests.get(f"{self.url}/web/health", timeout=30).ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    def stop(self):
        """End it as a service manager does, and what runs beside it."""
        self._end(signal.SIGTERM)
        self._end_beside()
        self.disconnect()

    def kill(self):
        """Pull the plug: ``kill -9`` of the server and all its processes; what runs beside it stays."""
        self._end(signal.SIGKILL)
        self._was_killed = True

    def end(self):
        """End all of it at once: nobody needs it any more."""
        self.kill()
        self._end_beside()
        self.disconnect()

    def _end_beside(self):
        if self._beside is not None:
            self._beside.end()
            self._beside = None

    def _end(self, number):
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        try:
            # One that is killed leaves jobs behind, and the next start says so in the log.
            self.process.wait(180)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def wait_for(self, condition: Callable, what: str, *, seconds: float = 300):
        """Ask ``condition`` until it holds.

        :param what: what is waited for, told when it does not come.
        :return: what ``condition`` returned.
        """
        deadline = time.monotonic() + seconds
        looked = 0
        while True:
            answer = condition()
            if answer:
                return answer
            assert time.monotonic() < deadline, f"waited {seconds} s for {what}: see {self.log}"
            looked += 1
            if self._was_killed and not looked % 20:
                # The runner looks for jobs of dead workers when something comes, or once a minute: something comes.
                self.sql("NOTIFY queue_job")
            time.sleep(0.1)

    def sql(self, query: str, parameters=()) -> list[tuple]:
        """Run SQL in a transaction of its own, committed; rows if it has any."""
        # To connect costs PostgreSQL a hundred times what most queries do, and who waits asks ten times a second.
        connection = self._connections.get(threading.get_ident())
        if connection is None or connection.closed:
            connection = self._connections[threading.get_ident()] = psycopg2.connect(
                host=str(self.cluster.socket), user=self.cluster.user, dbname=self.name
            )
        with connection, connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []

    def disconnect(self):
        """End the connections of :meth:`sql`."""
        for connection in self._connections.values():
            connection.close()

    def is_idle(self) -> bool:
        """Return whether no job is left to do; what waits for a bank's own time is left."""
        # A match that met another is tried again in seconds.
        return not self.sql(
            """
            SELECT id FROM queue_job WHERE state NOT IN ('done', 'cancelled')
            AND (eta IS NULL OR state = 'started' OR method_name = '_job_match')
            """
        )

    def sweep(self):
        """Run the schedule that keeps exchanges moving now; where it runs by itself, run it again after that."""
        [(cron_id,)] = self.sql(
            "SELECT cron.id FROM ir_cron cron JOIN ir_act_server action ON action.id = cron.ir_actions_server_id"
            " WHERE action.code = 'model._cron_sweep()'"
        )
        # It is put off as well, or it might begin by itself in the moment before it is called.
        idle = (
            "UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC' + interval '1 minute'"
            " WHERE id IN (SELECT id FROM ir_cron WHERE id = %s FOR UPDATE SKIP LOCKED) RETURNING id"
        )
        self.wait_for(lambda: self.sql(idle, [cron_id]), "the sweep to end")
        self.rpc().env["ir.cron"].browse(cron_id).method_direct_trigger()

    def rpc(self, login: str = "admin", password: str = "admin") -> odoorpc.ODOO:
        """:return: a client of JSON-RPC nobody here wrote, logged in once for each user and thread"""
        who = login, password, threading.get_ident()
        if who not in self._clients:
            client = odoorpc.ODOO("127.0.0.1", port=self.port, timeout=300)
            client.login(self.name, login, password)
            self._clients[who] = client
        return self._clients[who]

    def json2(self, key: str, model: str, method: str, **arguments) -> requests.Response:
        """Call ``method`` over JSON-2 with an API key."""
        return requests.post(
            f"{self.url}/json/2/{model}/{method}",
            json=arguments,
            headers={"Authorization": f"Bearer {key}", "X-Odoo-Database": self.name},
            timeout=300,
        )

    def shell(self, script: str) -> str:
        """Run Python with ``env`` in a process beside the server, and commit.

        :return: what the script printed.
        """
        if self._beside is None:
            self._beside = Beside(self.conf, LOGS / f"shell-{self.name}.log")
        return self._beside.run(script)

    def bad_lines(self) -> list[str]:
        """:return: the lines at WARNING or worse of its log."""
        return odoo.bad_lines(self.log)

    def log_has(self, pattern: str) -> bool:
        return bool(re.search(pattern, self.log.read_text(errors="replace")))


class Beside:
    """An Odoo without a server that runs scripts, one after the other: only the first one waits for Odoo to load."""

    def __init__(self, conf: Path, log: Path):
        self.log = log
        self.printed = log.with_suffix(".out")
        self.pipe, theirs = Pipe()
        prologue = f"pipe_fd = {theirs.fileno()}\n"
        options = ("--no-http", "--shell-interface=python")
        with log.open("wb") as errors, self.printed.open("wb") as output:
            self.process = subprocess.Popen(
                odoo.command(Path(sys.executable), conf, "shell", *options),
                stdout=output,
                stderr=errors,
                stdin=subprocess.PIPE,
                env=odoo.environment(),
                cwd=ROOT,
                pass_fds=[theirs.fileno()],
            )
        theirs.close()
        with self.process.stdin as script:
            # Odoo's shell reports what a script raises and goes on: make it end there instead.
            script.write(f"exec({prologue + _BESIDE.read_text()!r})\n".encode())

    def run(self, script: str) -> str:
        """:return: what the script printed."""
        before = self.printed.stat().st_size
        try:
            self.pipe.send(script)
            error = self.pipe.recv()
        except (EOFError, OSError):
            error = f"Odoo's shell ended:\n{odoo.what_is_bad(self.log) or progress.tail(self.log)}"
        assert error is None, f"{error}\n(the log: {self.log})"
        with self.printed.open("rb") as printed:
            printed.seek(before)
            return printed.read().decode().strip()

    def end(self):
        # Between two scripts it has nothing to finish.
        self.process.kill()
        self.process.wait()
        self.pipe.close()


def log_in(page, login: str = "admin") -> None:
    """Log a browser's page in, as a person does; the password is the login."""
    page.goto("/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click("button[type=submit]")
    page.locator(".o_main_navbar").wait_for()
