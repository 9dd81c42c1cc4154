from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from unittest.mock import patch

from odoo.sql_db import Cursor
from odoo.tests import tagged

from odoo.addons.bank_statement_api.models import (
    bank_statement_importer_lines,
    bank_statement_line_writer,
)
from odoo.addons.bank_statement_api.tools import camt
from odoo.addons.finance_connector_base.tools.errors import RetryableError

from .camt_writer import Line
from .common import DAY, StatementCase

ROWS = ("account.bank.statement.line", "account.move", "account.move.line", "mail.message")


@tagged("post_install", "-at_install")
class TestVolume(StatementCase):
    """What a statement of many lines costs is told by counting: queries, and records in memory."""

    def setUp(self):
        super().setUp()
        self.opening, self.number = Decimal("100.00"), 0

    def next_file(self, count):
        """The statement of the next day."""
        self.number += 1
        day = DAY + timedelta(days=self.number)
        lines = [
            Line(day, Decimal("1.00"), f"Payment {number}", reference=f"N{self.number}-{number}")
            for number in range(count)
        ]
        content = self.file(*lines, opening=self.opening, sequence=self.number)
        self.opening += count
        return content

    def cost(self, count, chunk):
        """Import a statement in chunks.

        :return: queries, and the most records that were in memory at any of them
        """
        most = queries = 0
        execute = Cursor.execute

        def counted(cursor, *args, **kwargs):
            nonlocal most, queries
            queries += 1
            cached = self.env.transaction.field_data
            sizes = [len(cached[field]) for field in list(cached) if field.model_name in ROWS]
            most = max(most, *sizes, 0)
            return execute(cursor, *args, **kwargs)

        content = self.next_file(count)
        with (
            patch.object(bank_statement_importer_lines, "CHUNK", chunk),
            patch.object(Cursor, "execute", counted),
        ):
            exchange = self.bring(content)
        self.assertEqual(exchange.result["set_based"], count, exchange.result)
        return queries, most

    def test_queries_and_records_in_memory_are_by_chunk_and_not_by_line(self):
        self.cost(60, 30)
        few = self.cost(60, 30)
        many = self.cost(240, 120)
        self.assertEqual(many, few, "queries and cached records of as many chunks")
        self.assertLess(few[1], 30, "only samples are records of Odoo's")

    def test_many_chunks_hold_no_more_records_than_few(self):
        self.cost(60, 30)
        few_queries, few_records = self.cost(60, 30)
        more_queries, more_records = self.cost(90, 30)
        most_queries, most_records = self.cost(120, 30)
        self.assertEqual(most_queries - more_queries, more_queries - few_queries)
        self.assertEqual(most_records, few_records)
        self.assertEqual(more_records, few_records)

    def test_lines_that_odoo_makes_do_not_have_the_statement_read_again(self):
        with patch.object(bank_statement_line_writer, "MIN_LINES", 31):
            self.bring(self.next_file(60))
            content = self.next_file(90)
            derived = []
            statement_class = self.registry["account.bank.statement"]
            for name in ("_compute_date", "_compute_balance_end", "_compute_is_complete"):
                self.patch(
                    statement_class,
                    name,
                    lambda records, name=name: derived.extend(records.line_ids.ids),
                )
            with patch.object(bank_statement_importer_lines, "CHUNK", 30):
                exchange = self.bring(content)
        self.assertEqual(exchange.result["by_orm"], {"few lines": 90})
        self.assertFalse(derived, "Odoo's derivation goes through all lines of the statement")
        statement = exchange.env["account.bank.statement"].search(
            [("exchange_id", "=", exchange.id)]
        )
        self.assertEqual((statement.balance_end, len(statement.line_ids)), (250.0, 90))
        self.assertTrue(statement.is_complete)

    def test_odoo_derives_the_figures_once_where_it_has_to(self):
        statement_class = self.registry["account.bank.statement"]
        compute, derived = statement_class._compute_balance_end, []

        def counted(statements):
            derived.append(len(statements.line_ids))
            compute(statements)

        with (
            patch.object(bank_statement_line_writer, "KNOWN_MODULES", ("none",)),
            patch.object(bank_statement_importer_lines, "CHUNK", 30),
            patch.object(statement_class, "_compute_balance_end", counted),
        ):
            exchange = self.bring(self.next_file(90))
        self.assertEqual(sum(exchange.result["by_orm"].values()), 90)
        self.assertEqual([count for count in derived if count], [90])
        self.assertEqual(self.lines().statement_id.balance_end, 190.0)

    def test_known_bookings_are_found_by_one_query(self):
        self.bring(self.next_file(40))
        content = self.next_file(40)
        self.bring(content)
        importer = self.env["bank.statement.importer"]
        [statement] = camt.read(content)
        self.env.flush_all()
        for _time in range(2):
            # The first time also asks for the journal and its currency.
            self.env["account.bank.statement.line"].invalidate_model()
            self.env["account.bank.statement"].invalidate_model()
            before = self.cr.sql_log_count
            found = importer._recognise(self.journal, statement)
        self.assertEqual(self.cr.sql_log_count - before, 1)
        self.assertEqual({item.reason for item in found}, {"provider_uid"})
        self.assertEqual(
            [item.known.id for item in found], self.lines().filtered("bank_booking_date").ids[40:]
        )

    def test_progress_is_told_with_each_chunk_that_is_committed(self):
        told = []
        checkpoint = self.registry["finance.exchange"]._checkpoint

        def looked_at(exchange):
            checkpoint(exchange)
            self.env.cr.execute(
                """SELECT progress_done, progress_total,
                          (SELECT count(*) FROM account_bank_statement_line WHERE exchange_id = exchange.id)
                     FROM finance_exchange exchange ORDER BY id DESC LIMIT 1"""
            )
            told.append(self.env.cr.fetchone())

        with (
            patch.object(bank_statement_importer_lines, "CHUNK", 30),
            patch.object(self.registry["finance.exchange"], "_checkpoint", looked_at),
        ):
            self.bring(self.next_file(75))
        while_booking = [told[0]]
        while_booking += [now for before, now in pairwise(told) if now != before]
        self.assertEqual(while_booking, [(None, None, 0), (30, 75, 30), (60, 75, 60), (75, 75, 75)])

    def test_killed_between_two_chunks_it_goes_on_after_the_last_one(self):
        importer_class = self.registry["bank.statement.importer"]
        create = importer_class._create_chunk
        written = []

        def killed_later(importer, vals_list, statement):
            if len(written) == 1:
                written.append("killed")
                raise RetryableError("Killed.")
            written.append(len(vals_list))
            return create(importer, vals_list, statement)

        content = self.next_file(75)
        with (
            patch.object(bank_statement_importer_lines, "CHUNK", 30),
            patch.object(importer_class, "_create_chunk", killed_later),
        ):
            exchange = self.bring(content)
            self.assertEqual((exchange.work_status, len(self.lines())), ("retry", 30))
            self.make_due(exchange)
            exchange._job_process()
        self.assertEqual(written, [30, "killed", 30, 15])
        self.assertEqual((exchange.work_status, len(self.lines())), ("done", 75))
        [statement] = self.lines().statement_id
        self.assertEqual((statement.balance_end, statement.balance_end_real), (175.0, 175.0))
        self.assertTrue(statement.is_complete)

    def test_screen_says_which_way_was_taken(self):
        exchange = self.bring(self.next_file(40))
        self.assertIn("40 lines booked; 40 of them all at once", exchange.status_text)
        with patch.object(bank_statement_importer_lines, "CHUNK", 30):
            exchange = self.bring(self.next_file(40))
        self.assertIn(
            "40 lines booked; 30 of them all at once; 10 one by one (few lines)",
            exchange.status_text,
        )
        self.env["account.analytic.distribution.model"].create({"company_id": self.company_a.id})
        exchange = self.bring(self.next_file(40))
        self.assertIn("40 lines booked; 40 one by one (analytic models)", exchange.status_text)
