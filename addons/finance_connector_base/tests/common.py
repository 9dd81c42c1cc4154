import itertools
import json
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from odoo import Command, fields
from odoo.modules.migration import load_script
from odoo.sql_db import Cursor, Savepoint
from odoo.tests import TransactionCase, new_test_user
from odoo.tools.misc import file_path

_PREFIX = "finance_connector_base.group_finance_"


class FinanceCase(TransactionCase):
    """Two companies, a user of each group in each of them, and the engine inside one test transaction.

    The engine commits and rolls back. Here a checkpoint is a savepoint and ``_abandon`` goes back to the last one, so
    that what a test sees after a failure is what the database would hold.
    """

    # Some exchanges are made before the first test begins.
    _last_checkpoint = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_world()
        cls._keys = itertools.count(1)
        cls._follow_savepoints()
        cls._patch_transactions()

    @classmethod
    def make_world(cls):
        """Find the companies and people of all tests, or make them.

        A database can be prepared with them (``setup/lib/database.py``): to make them takes longer than most tests.
        """
        cls.company_a, cls.company_b = (
            cls.env["res.company"].search([("name", "=", name)])
            or cls.env["res.company"].create({"name": name})
            for name in ("Alder AG", "Birch GmbH")
        )
        cls.users = {
            (group, letter): cls.known_user(f"{group}_{letter}", _PREFIX + group, company)
            for company, letter in ((cls.company_a, "a"), (cls.company_b, "b"))
            for group in ("viewer", "operator", "manager", "auditor", "api")
        }
        cls.viewer, cls.operator, cls.manager, cls.auditor, cls.api_user = (
            cls.users[group, "a"] for group in ("viewer", "operator", "manager", "auditor", "api")
        )

    @classmethod
    def known_user(cls, login, group, company):
        """:return: the user ``login``, found or made"""
        return cls.env["res.users"].search([("login", "=", login)]) or new_test_user(
            cls.env,
            login,
            groups=group,
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    def migrate(self, addon, version, before):
        """Run the script of ``version`` after the models, as an upgrade from the version ``before`` does."""
        self.env.flush_all()
        path = file_path(f"{addon}/migrations/{version}/post-migration.py")
        load_script(path, "post-migration").migrate(self.env.cr, before)
        self.env.invalidate_all()

    @classmethod
    def _release_checkpoint(cls):
        """Give up the last checkpoint, unless something since it still needs its own savepoint.

        For every row it looks at, PostgreSQL goes through all savepoints that are open: a hundred exchanges would leave
        five hundred, and most of the time of a test would be spent on them.
        """
        if cls._savepoints[-1:] == [cls._last_checkpoint]:
            cls._last_checkpoint.close(rollback=False)

    @classmethod
    def _follow_savepoints(cls):
        """Know which savepoints are open, the outermost first."""
        cls._savepoints = []
        begin, rollback, close = Savepoint.__init__, Savepoint.rollback, Savepoint._close

        def forget_inner(savepoint):
            if savepoint in cls._savepoints:
                del cls._savepoints[cls._savepoints.index(savepoint) + 1 :]

        def begun(savepoint, cr):
            begin(savepoint, cr)
            cls._savepoints.append(savepoint)

        def rolled_back(savepoint):
            rollback(savepoint)
            forget_inner(savepoint)

        def closed(savepoint, undo):
            close(savepoint, undo)
            forget_inner(savepoint)
            if savepoint in cls._savepoints:
                cls._savepoints.remove(savepoint)

        for name, method in (("__init__", begun), ("rollback", rolled_back), ("_close", closed)):
            cls.startClassPatcher(patch.object(Savepoint, name, method))

    @classmethod
    def _patch_transactions(cls):
        exchange_class = cls.registry["finance.exchange"]

        def checkpoint(exchange):
            if exchange._current_run().dry or not isinstance(exchange.env.cr, Cursor):
                original(exchange)
                return
            exchange.env.cr.flush()
            cls._release_checkpoint()
            cls._last_checkpoint = Savepoint(exchange.env.cr)

        def abandon(exchange):
            if not isinstance(exchange.env.cr, Cursor):
                exchange.env.cr.rollback()
                return
            exchange.env.cr.clear()
            cls._last_checkpoint.rollback()

        @contextmanager
        def ledger(connection):
            connection.env.flush_all()
            yield connection.sudo()
            connection.env.flush_all()

        original = exchange_class._checkpoint
        for model_class, name, method in (
            (exchange_class, "_checkpoint", checkpoint),
            (exchange_class, "_abandon", abandon),
            (cls.registry["finance.connection"], "_ledger", ledger),
        ):
            cls.startClassPatcher(patch.object(model_class, name, method))

    def setUp(self):
        super().setUp()
        type(self)._last_checkpoint = Savepoint(self.env.cr)

    # === RECORDS === #

    @classmethod
    def make_connection(cls, adapter, **values):
        return cls.env["finance.connection"].create(
            {
                "name": "Counterparty",
                "adapter": adapter,
                "company_id": cls.company_a.id,
                "environment": "test",
                "owner_id": cls.manager.id,
                **values,
            }
        )

    @classmethod
    def make_interface(cls, handler, connection, *, mode="live", version=None, **values):
        """An interface with an active version.

        :param dict version: values of its version
        """
        interface = cls.env["finance.interface"].create(
            {
                "name": handler,
                "code": f"test.{handler}.{next(cls._keys)}",
                "handler": handler,
                "connection_id": connection.id,
                "company_id": (connection.company_id or cls.company_a).id,
                "owner_id": cls.manager.id,
                **values,
            }
        )
        cls.activate_version(interface, **(version or {}))
        if mode != "off":
            interface._set_mode(mode)
        return interface

    @classmethod
    def activate_version(cls, interface, **values):
        version = cls.env["finance.interface.version"].create(
            {"interface_id": interface.id, "reason": "Needed by a test.", **values}
        )
        version.action_propose()
        version.with_user(
            cls.users["manager", "a" if interface.company_id == cls.company_a else "b"]
        ).action_activate()
        return version

    @classmethod
    def make_folder(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        return Path(folder.name)

    # === DOING === #

    def receive(self, interface, content, key=None, **kwargs):
        """Receive ``content`` (bytes, or anything JSON) without working on it."""
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        kwargs.setdefault("source", "api")
        return self.env["finance.exchange"]._receive(
            interface, key or f"key-{next(self._keys)}", content, **kwargs
        )

    def process(self, interface, content, key=None, **kwargs):
        """Receive and work on it at once.

        :return: the exchange
        """
        exchange, _is_new = self.receive(interface, content, key, **kwargs)
        exchange._job_process()
        return exchange

    def run_jobs(self):
        """Carry out the jobs of finance models that are due now, and those that they enqueue.

        :return: names of the methods, in order
        """
        done = []
        while job := self.env["queue.job"].sudo().search(self._due_jobs(), order="id", limit=1):
            job.state = "done"
            getattr(job.records, job.method_name)(*job.args, **job.kwargs)
            done.append(job.method_name)
        return done

    def _due_jobs(self):
        soon = fields.Datetime.now() + timedelta(seconds=5)
        return [
            ("state", "=", "pending"),
            ("method_name", "like", r"\_job\_%"),
            "|",
            ("eta", "=", False),
            ("eta", "<=", soon),
        ]

    def jobs_of(self, exchange, method):
        return (
            self.env["queue.job"]
            .sudo()
            .search([("identity_key", "like", f"finance.exchange,{exchange.id},{method},")])
        )

    def make_due(self, exchange):
        exchange.sudo().due_at = fields.Datetime.now() - timedelta(seconds=1)

    def actions_of(self, exchange):
        self.env.flush_all()
        events = (
            self.env["finance.audit.event"]
            .sudo()
            .search([("exchange_id", "=", exchange.id)], order="id")
        )
        return events.mapped("action")
