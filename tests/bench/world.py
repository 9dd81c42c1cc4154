"""What the benches of volume share: durable settings, and a database that has been in use for a while.

The functions that take ``env`` run in Odoo's shell, the others in the bench's own process.
"""

import contextlib
import datetime
import gc
import json
import os
import time
from decimal import Decimal
from pathlib import Path

import psycopg2

from tests.camt_writer import Line, daily_file

ROOT = Path(__file__).resolve().parents[2]
IBAN = "DE89370400440532013000"
DAY = datetime.date(2026, 1, 1)
STORED = 120_000
#: What the project's own cluster leaves out, being remade by one command, and nobody does in production.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


@contextlib.contextmanager
def durable(cluster):
    """The cluster with every commit on disk, as in production, while the context lasts."""
    _configure(cluster, [f"ALTER SYSTEM SET {name} = {value}" for name, value in DURABLE.items()])
    try:
        yield
    finally:
        _configure(cluster, [f"ALTER SYSTEM RESET {name}" for name in DURABLE])


def _configure(cluster, statements):
    connection = psycopg2.connect(host=str(cluster.socket), user=cluster.user, dbname="postgres")
    with contextlib.closing(connection):
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in [*statements, "SELECT pg_reload_conf()"]:
                cursor.execute(statement)


@contextlib.contextmanager
def server_on_a_copy(name, *, filled_by=None):
    """An Odoo on a copy of the tests' template, on durable settings; dropped afterwards.

    :param str filled_by: a script for Odoo's shell that fills the database first; what it made is kept for later runs
    """
    from lib import database, postgres
    from servers import OdooServer

    def fill(database_name):
        OdooServer(cluster, database_name, queue=False).shell(script_head() + filled_by)

    with postgres.running() as cluster:
        template = os.environ["FINANCE_TEST_TEMPLATE"]
        if filled_by:
            files = [Path(__file__), ROOT / "tests/camt_writer.py"]
            template = database.filled_template(cluster, template, fill, files)
        with contextlib.ExitStack() as stack:
            stack.enter_context(durable(cluster))
            stack.callback(database.drop, cluster, name)
            database.copy(cluster, template, name)
            # What was copied is on disk before anything is measured.
            database.psql(cluster, "postgres", "CHECKPOINT")
            yield OdooServer(cluster, name, queue=False)


def script_head():
    """:return: what a script for Odoo's shell begins with to have ``world``"""
    return f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom tests.bench import world\n"


def run(name, script):
    """Run a script with ``env`` and ``world`` on such a server and print what it measured."""
    with server_on_a_copy(name) as server:
        head = f"{script_head()}world.check_durable(env)\n"
        for line in server.shell(head + script).splitlines():
            if line.startswith("{"):
                print(json.dumps(json.loads(line)), flush=True)


def check_durable(env):
    for name, value in DURABLE.items():
        env.cr.execute(f"SHOW {name}")
        assert env.cr.fetchone()[0] == value, name


class Spent:
    """Seconds that a context took, without what the start of its process has left to the garbage collector.

    :ivar wall: by the clock.
    :ivar cpu: of the processor, by this process and by PostgreSQL for it.
    """

    def __init__(self, env):
        env.cr.execute("SELECT pg_backend_pid()")
        self._backend = Path(f"/proc/{env.cr.fetchone()[0]}/stat")

    def _now(self):
        fields = self._backend.read_text().rpartition(")")[2].split()
        backend = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return time.perf_counter(), time.process_time() + backend

    def __enter__(self):
        gc.collect()
        self._begun = self._now()
        return self

    def __exit__(self, *_error):
        self.wall, self.cpu = (
            after - before for after, before in zip(self._now(), self._begun, strict=True)
        )


def peak_mb():
    """:return: the most memory this process has held, in MB"""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def forget_peak():
    """Count the most memory from now on: what made ready what is measured may have taken more."""
    Path("/proc/self/clear_refs").write_text("5")


def report(bench, ours, peer_name, peer, unit, n, *, digits=1, **more):
    """Print one measurement as ``setup/bench`` wants it."""
    line = {
        "bench": bench,
        "ours": round(ours, digits),
        "peer_name": peer_name,
        "peer": round(peer, digits),
        "ratio": round(ours / peer, 1),
        "unit": unit,
        "n": n,
        "peak_mb": round(peak_mb()),
    }
    print(json.dumps(line | more), flush=True)


class Bank:
    """A bank journal, the interface its statements come by, and the bank that writes them."""

    def __init__(self, env):
        self.env = env
        company = env.company
        company.currency_id = env.ref("base.EUR")
        env.ref("base.EUR").active = True
        if not company.chart_template:
            env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
        account = env["res.partner.bank"].create(
            {"acc_number": IBAN, "partner_id": company.partner_id.id}
        )
        self.journal = env["account.journal"].create(
            {"name": "Bank", "code": "BENC", "type": "bank", "bank_account_id": account.id}
        )
        connection = env["finance.connection"].create(
            {
                "name": "Uploads",
                "adapter": "upload",
                "environment": "sandbox",
                "company_id": company.id,
            }
        )
        self.interface = env["finance.interface"].create(
            {
                "name": "Files",
                "code": "bench.files",
                "handler": "bank_statement",
                "connection_id": connection.id,
                "company_id": company.id,
            }
        )
        self.interface._go_live("Needed by a bench.")
        env.cr.commit()
        self.opening = Decimal("0.00")
        self.number = 0

    @classmethod
    def again(cls, env):
        """The bank that another process has made, after its last statement."""
        bank = cls.__new__(cls)
        bank.env = env
        bank.journal = env["account.journal"].search([("code", "=", "BENC")])
        bank.interface = env["finance.interface"].search([("code", "=", "bench.files")])
        last = env["account.bank.statement"].search(
            [("journal_id", "=", bank.journal.id), ("bank_date", "!=", False)],
            order="bank_date desc",
            limit=1,
        )
        bank.number = (last.bank_date - DAY).days
        bank.opening = Decimal(f"{last.balance_end_real:.2f}")
        return bank

    @property
    def day(self):
        return DAY + datetime.timedelta(days=self.number)

    def statement(self, count):
        """:return: the bytes of the next day's CAMT.053"""
        self.number += 1
        lines = [
            Line(
                self.day,
                Decimal(number % 900 + 1) / 100,
                f"Payment {number} of {self.day}",
                reference=f"{self.number}-{number}",
            )
            for number in range(count)
        ]
        made = daily_file(IBAN, "EUR", lines, opening=self.opening, sequence=self.number)
        self.opening += sum(line.amount for line in lines)
        return made

    def receive(self, content):
        """Take the bytes in and work on them as the queue would.

        :return: the exchange
        """
        exchange, _new = self.env["finance.exchange"]._receive(
            self.interface, f"bench-{self.number}", content, source="upload"
        )
        self.env.cr.commit()
        exchange._job_process()
        exchange.invalidate_recordset()
        return exchange

    def fill(self, stored=STORED):
        """Import until that many lines are stored, and let PostgreSQL learn what it holds."""
        while self.env["account.bank.statement.line"].search_count([]) < stored:
            self.receive(self.statement(10_000))
        analyse(self.env)


def analyse(env):
    """Do what PostgreSQL's autovacuum does in a database that is in use, which a copy of one waits for."""
    env.cr.commit()
    with contextlib.closing(psycopg2.connect(env.cr._cnx.dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")


def open_invoices_in_dollars(env, count):
    """Those of a journal of their own, 83.33 each in the company's currency."""
    dollar = env.ref("base.USD")
    dollar.active = True
    env["res.currency.rate"].create(
        {"name": DAY, "currency_id": dollar.id, "company_id": env.company.id, "rate": 1.2}
    )
    sales = env["account.journal"].search([("type", "=", "sale")], limit=1)
    journal = env["account.journal"].create(
        {
            "name": "Sales in Dollars",
            "code": "BUSD",
            "type": "sale",
            "currency_id": dollar.id,
            "default_account_id": sales.default_account_id.id,
        }
    )
    return open_invoices(env, count, partners=50, journal=journal)


def open_invoices(env, count, partners=2_000, journal=None):
    """Posted customer invoices, all open: one made by Odoo for each partner, the others copies of its rows.

    :return: ids of their receivable items, in the order of their ids
    """
    made = env["account.move"]
    receivable = env["account.move.line"]
    partner = env["res.partner"].create({"name": "Customer"})
    invoice = made.create(
        {
            "move_type": "out_invoice",
            "partner_id": partner.id,
            "invoice_date": DAY,
            **(
                {"journal_id": journal.id, "currency_id": journal.currency_id.id} if journal else {}
            ),
            "invoice_line_ids": [
                (0, 0, {"name": "Goods", "quantity": 1, "price_unit": 100, "tax_ids": [(5, 0, 0)]})
            ],
        }
    )
    invoice.action_post()
    others = env["res.partner"].create(
        [{"name": f"Customer {number}"} for number in range(partners - 1)]
    )
    env.flush_all()
    partner_ids = [partner.id, *others.ids]
    receivable = invoice.line_ids.filtered(lambda item: item.display_type == "payment_term")
    move_ids = _copy_rows(
        env,
        "account_move",
        [invoice.id],
        count - 1,
        {
            "name": "prefix || lpad((number + 1)::text, 6, '0')",
            "sequence_number": "number + 1",
            "payment_reference": "prefix || lpad((number + 1)::text, 6, '0')",
            "partner_id": "partner",
            "commercial_partner_id": "partner",
            "partner_shipping_id": "partner",
            "access_token": "NULL",
        },
        partner_ids,
        invoice.sequence_prefix,
    )
    _copy_rows(
        env,
        "account_move_line",
        invoice.line_ids.ids,
        count - 1,
        {
            "move_id": "(%(moves)s::int[])[number]",
            "move_name": "prefix || lpad((number + 1)::text, 6, '0')",
            "partner_id": "partner",
        },
        partner_ids,
        invoice.sequence_prefix,
        moves=move_ids,
    )
    # Odoo has a customer follow the invoices, but not told of payments.
    env.cr.execute(
        """INSERT INTO mail_followers (res_model, res_id, partner_id)
           SELECT 'account.move', id, partner_id FROM account_move WHERE id = ANY(%s)""",
        [move_ids],
    )
    env.cr.commit()
    env.invalidate_all()
    env.cr.execute(
        "SELECT id FROM account_move_line WHERE account_id = %s AND move_id = ANY(%s) ORDER BY id",
        [receivable.account_id.id, [invoice.id, *move_ids]],
    )
    return [row[0] for row in env.cr.fetchall()]


def _copy_rows(env, table, ids, count, changed, partner_ids, prefix, **values):
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name != 'id'",
        [table],
    )
    columns = [row[0] for row in env.cr.fetchall()]
    selected = ", ".join(changed.get(name, f'source."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    env.cr.execute(
        f"""INSERT INTO {table} ({names})
            SELECT {selected}
              FROM {table} source,
                   (SELECT number, %(prefix)s AS prefix,
                           (%(partners)s::int[])[1 + number %% %(partner_count)s] AS partner
                      FROM generate_series(1, %(count)s) number) copies
             WHERE source.id = ANY(%(ids)s) ORDER BY number, source.id RETURNING id""",
        {
            "ids": ids,
            "count": count,
            "prefix": prefix,
            "partners": partner_ids,
            "partner_count": len(partner_ids),
            **values,
        },
    )
    return [row[0] for row in env.cr.fetchall()]


def copied_lines(env, bank, count):
    """Statement lines of a thousand days: one booked by the import, the others copies of its row alone.

    Their entries are left out: nothing that looks for a booking reads them.

    :return: how many there are
    """
    bank.receive(bank.statement(1))
    line = env["account.bank.statement.line"].search([], limit=1)
    with bare(env, "account_bank_statement_line"):
        _copy_rows(
            env,
            "account_bank_statement_line",
            line.ids,
            count - 1,
            {
                "bank_booking_date": "source.bank_booking_date - (number %% 1000)::int",
                "fingerprint": "encode(sha256(number::text::bytea), 'hex')",
                "provider_uid": "'copy:' || number",
                "internal_index": "to_char(source.bank_booking_date - (number %% 1000)::int, 'YYYYMMDD') || number",
                "transaction_details": "NULL::jsonb",
            },
            [0],
            "",
        )
    env.invalidate_all()
    return env["account.bank.statement.line"].search_count([])


@contextlib.contextmanager
def bare(env, *tables):
    """The tables without checks and indexes, which are made anew from what was filled in."""
    env.cr.execute(
        """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
             FROM pg_index
            WHERE indrelid = ANY(%s::regclass[])
              AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)""",
        [list(tables)],
    )
    indexes = env.cr.fetchall()
    env.cr.execute("SET LOCAL session_replication_role = replica")
    env.cr.execute("SET LOCAL maintenance_work_mem = '1GB'")
    for name, _definition in indexes:
        env.cr.execute(f"DROP INDEX {name}")
    yield
    for _name, definition in indexes:
        env.cr.execute(definition)
    env.cr.commit()


@contextlib.contextmanager
def autocommit(env):
    """A cursor beside Odoo's, for what PostgreSQL does in no transaction."""
    connection = psycopg2.connect(env.cr._cnx.dsn)
    with contextlib.closing(connection):
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def bring_part(env, bank, content, count):
    """Book the first entries of a statement's bytes, as a file that came earlier that day has brought them."""
    # Here, as the bench's own process has no Odoo.
    from odoo.addons.bank_statement_api.models.finance_handler_bank_statement import (
        PlannedStatement,
    )
    from odoo.addons.bank_statement_api.tools import camt

    importer = env["bank.statement.importer"]
    [statement] = camt.read(content)
    found = importer._recognise(bank.journal, statement)[:count]
    exchange, _new = env["finance.exchange"]._receive(
        bank.interface, f"part-{bank.number}", content + b"\n", source="upload"
    )
    plan = PlannedStatement("statement:1", statement, bank.journal, None)
    vals_list = [importer._prepare_line_vals(exchange, plan, item, {}) for item in found]
    env["bank.statement.line.writer"]._create_lines(vals_list)
    env.cr.commit()
