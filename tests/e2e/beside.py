"""Runs inside Odoo's shell: Python that tests send, one script after the other, in one Odoo beside the server.

``pipe_fd``, the end of the pipe that is ours, is given by :class:`servers.Beside`; ``env`` is Odoo's.
"""

import sys
import traceback
from multiprocessing.connection import Connection

from odoo import SUPERUSER_ID, api


def run(registry, script):
    """Run ``script`` with an ``env`` of its own and commit; other processes hear of what it changed in their caches."""
    registry = registry.check_signaling()
    with registry.cursor() as cr:
        context = api.Environment(cr, SUPERUSER_ID, {})["res.users"].context_get()
        env = api.Environment(cr, SUPERUSER_ID, context)
        exec(script, {"__name__": "__main__", "env": env, "self": env.user})
        env.cr.commit()
    registry.signal_changes()


def work(env, pipe):
    env.cr.rollback()  # nothing of ours stays open between two scripts
    while True:
        try:
            script = pipe.recv()
        except EOFError:
            return
        try:
            run(env.registry, script)
            error = None
        except Exception:
            error = traceback.format_exc()
        sys.stdout.flush()
        pipe.send(error)


work(env, Connection(pipe_fd))  # noqa: F821 - given by who starts it
