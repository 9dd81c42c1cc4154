import json

from odoo.tests import tagged

from .common import IBAN_B, StatementCase


@tagged("post_install", "-at_install")
class TestBelieved(StatementCase):
    """A journal that names who speaks of its account believes those, its feeds and persons: nobody else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        root = cls.make_folder()
        cls.bank, cls.other_bank = (
            cls.make_connection("folder", endpoint=str(root), environment="test", name=name)
            for name in ("House Bank", "Other Bank")
        )
        cls.files, cls.other_files = (
            cls.make_interface("bank_statement", connection)
            for connection in (cls.bank, cls.other_bank)
        )
        cls.journal.statement_connection_ids = cls.bank

    def assert_not_believed(self, content):
        exchange = self.bring(content, interface=self.other_files)
        exception = exchange.exception_ids
        self.assertEqual(
            (exchange.work_status, exception.code), ("exception", "statement_elsewhere")
        )
        for name in (self.other_bank.name, self.journal.name, self.bank.name):
            self.assertIn(name, exception.summary)
        self.assertIn("Statements Only Over", exception.next_step)
        self.assertFalse(self.lines())
        return exchange

    def test_other_banks_connection_books_nothing(self):
        content = self.file(("50.00", "Invoice 1"))
        self.assert_not_believed(content)
        self.assertEqual(self.bring(content, interface=self.files).work_status, "done")
        self.assertEqual(self.lines().amount, 50.0)

    def test_nor_does_it_announce_or_notify(self):
        content = self.file(("50.00", "Invoice 1"))
        for kind in ("Rpt", "Ntfctn"):
            message = {"Rpt": "AcctRpt", "Ntfctn": "DbtCdtNtfctn"}[kind]
            told = (
                content.replace(b"Stmt>", f"{kind}>".encode())
                .replace(f"BkToCstmr{kind}>".encode(), f"BkToCstmr{message}>".encode())
                .replace(b"camt.053", b"camt.052" if kind == "Rpt" else b"camt.054")
            )
            self.assert_not_believed(told)
        for model in ("bank.statement.pending", "bank.statement.notification"):
            self.assertFalse(self.env[model].search([("journal_id", "=", self.journal.id)]))

    def test_account_of_a_mapping_is_no_way_round_it(self):
        table = self.env["finance.mapping.table"].create(
            {"name": "Accounts", "kind": "journal", "company_id": self.company_a.id}
        )
        self.env["finance.mapping.entry"].create(
            {"table_id": table.id, "code": f"{IBAN_B}|EUR", "res_id": self.journal.id}
        )
        self.assert_not_believed(self.file(("50.00", "Invoice 1"), iban=IBAN_B))

    def test_named_later_it_is_believed_at_a_retry(self):
        exchange = self.assert_not_believed(self.file(("50.00", "Invoice 1")))
        self.journal.statement_connection_ids |= self.other_bank
        exchange.exception_ids.with_user(self.operator).action_retry()
        exchange._job_process()
        self.assertEqual((exchange.work_status, self.lines().amount), ("done", 50.0))

    def test_ignored_it_is_never_booked(self):
        exchange = self.assert_not_believed(self.file(("50.00", "Invoice 1")))
        exchange.exception_ids.with_user(self.operator).action_ignore("Nobody ordered that.")
        exchange._job_process()
        self.assertEqual((exchange.work_status, len(self.lines())), ("done", 0))

    def test_feed_of_the_journal_is_believed(self):
        self.env["bank.statement.feed"].create(
            {
                "name": "Drop",
                "interface_id": self.other_files.id,
                "journal_id": self.journal.id,
                "kind": "files",
            }
        )
        exchange = self.bring(self.file(("50.00", "Invoice 1")), interface=self.other_files)
        self.assertEqual((exchange.work_status, self.lines().amount), ("done", 50.0))

    def test_person_who_uploads_is_believed(self):
        exchange, _is_new = self.receive(
            self.interface, self.file(("50.00", "Invoice 1")), source="upload"
        )
        exchange._job_process()
        self.assertEqual((exchange.work_status, self.lines().amount), ("done", 50.0))

    def test_journal_that_names_nobody_believes_all(self):
        self.journal.statement_connection_ids = False
        exchange = self.bring(self.file(("50.00", "Invoice 1")), interface=self.other_files)
        self.assertEqual((exchange.work_status, self.lines().amount), ("done", 50.0))

    def test_who_changes_it_leaves_both_values(self):
        self.journal.statement_connection_ids |= self.other_bank
        event = self.env["finance.audit.event"].search(
            [("action", "=", "journal.changed"), ("res_id", "=", self.journal.id)],
            order="id desc",
            limit=1,
        )
        self.assertEqual(
            json.loads(event.details),
            {
                "before": {"statement_connection_ids": "House Bank"},
                "after": {"statement_connection_ids": "House Bank, Other Bank"},
            },
        )
