from decimal import Decimal

from odoo.tests import tagged

from odoo.addons.bank_statement_api.tests.common import DAY, IBAN, StatementCase
from odoo.addons.bank_statement_api.tools import api_window
from odoo.addons.bank_statement_api.tools.documents import AccountRef

UNKNOWN = "CH9300762011623852957"


@tagged("post_install", "-at_install")
class TestAccountMapping(StatementCase):
    """A statement of an account that no journal has: the way to the books is a mapping."""

    def test_mapping_leads_the_statement_to_its_journal(self):
        table = self.env["finance.mapping.table"].create(
            {"name": "Accounts", "kind": "journal", "company_id": self.company_a.id}
        )
        self.env["finance.mapping.entry"].create(
            {"table_id": table.id, "code": f"{UNKNOWN}|EUR", "res_id": self.journal.id}
        )
        exchange = self.bring(self.file(("5.00", "x"), iban=UNKNOWN))
        self.assertEqual(exchange.work_status, "done")
        self.assertEqual(self.lines().amount, 5.0)
        other = self.bring(self.file(("5.00", "x"), iban=UNKNOWN, currency="CHF"))
        self.assertEqual(other.exception_ids.code, "account_unmapped")

    def test_operator_maps_the_account_and_the_statement_is_booked(self):
        exchange = self.bring(self.file(("5.00", "x"), iban=UNKNOWN))
        exception = exchange.exception_ids
        self.assertTrue(exception.misses_mapping)
        self.assertNotIn(UNKNOWN[4:-4], f"{exception.evidence} {exception.summary}")
        action = exception.with_user(self.operator).action_fix_mapping()
        wizard = self.env[action["res_model"]].with_user(self.operator).browse(action["res_id"])
        wizard.res_id = self.journal.id
        wizard.action_apply()
        self.assertEqual(exception.state, "resolved")
        self.assertIn("****2957|EUR", exception.resolution)
        exchange._job_process()
        self.assertEqual(exchange.work_status, "done")
        self.assertEqual(self.lines().amount, 5.0)
        # The next statement of the account needs nobody.
        following = self.bring(
            self.file(("6.00", "y"), iban=UNKNOWN, sequence=2, opening=Decimal("105.00"))
        )
        self.assertEqual(following.work_status, "done")

    def test_ignored_statement_of_an_unknown_account_stays_ignored(self):
        exchange = self.bring(self.file(("5.00", "x"), iban=UNKNOWN))
        exchange.exception_ids.with_user(self.operator).action_ignore("It is closed.")
        exchange._job_process()
        self.assertEqual((exchange.work_status, len(exchange.exception_ids)), ("done", 1))
        exchange.with_user(self.operator).action_replay()
        exchange._job_process()
        self.assertEqual((exchange.work_status, len(exchange.exception_ids)), ("done", 1))

    def test_account_that_names_no_currency_is_not_guessed_among_several(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        twin = self.make_journal(self.company_a, UNKNOWN, dollar, code="TUSD")
        twin.bank_account_id = self.journal.bank_account_id
        page = b'{"transactions": {"booked": []}}'
        exchange = self.bring(api_window.pack(AccountRef(iban=IBAN), DAY, DAY, [page]))
        self.assertEqual(exchange.exception_ids.code, "account_unmapped")
