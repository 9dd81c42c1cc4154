import contextlib
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL

from .common import TreasuryCase

# Another one each time: ids, and what they or the time make.
OWN = [
    "create_date",
    "credit_move_id",
    "debit_move_id",
    "full_reconcile_id",
    "id",
    "matching_number",
    "move_id",
    "origin_payment_id",
    "payment_id",
    "treasury_order_id",
    "write_date",
]


class UndoneError(Exception):
    """Takes back what was done in a savepoint."""


@tagged("post_install", "-at_install")
class TestRunTogether(TreasuryCase):
    """Many payments of a run take few steps; what comes out is what Odoo's wizard makes one after the other."""

    def setUp(self):
        super().setUp()
        self.statement_line(1000)
        for number, iban in enumerate(
            ("FR1420041010050500013M02606", "BE68539007547034", "DE89370400440532013000")
        ):
            vendor = self.make_vendor(f"Vendor {number}", iban)
            self.make_bill(70 + number, vendor=vendor)
            self.make_bill(10 + number, vendor=vendor)

    def rows(self, table, column, records):
        query = SQL(
            "SELECT to_jsonb(t) - %s::text[] FROM %s t WHERE %s = ANY(%s) ORDER BY id",
            OWN,
            SQL.identifier(table),
            SQL.identifier(column),
            records.ids,
        )
        return [row for (row,) in self.env.execute_query(query)]

    def told(self, records):
        """What their chatter says."""
        query = SQL(
            """SELECT m.message_type, m.subtype_id, m.author_id, m.body, f.name, t.old_value_char, t.new_value_char
                 FROM mail_message m
                 LEFT JOIN mail_tracking_value t ON t.mail_message_id = m.id
                 LEFT JOIN ir_model_fields f ON f.id = t.field_id
                WHERE m.model = %s AND m.res_id = ANY(%s)""",
            records._name,
            records.ids,
        )
        return sorted(map(str, self.env.execute_query(query)))

    def registered(self):
        run = self.run_for()
        run.action_propose()
        order = self.env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
        self.env.flush_all()
        payments = order.payment_ids.sorted("id")
        bills = payments.reconciled_bill_ids
        moves = payments.move_id | bills
        return {
            "payments": self.rows("account_payment", "id", payments),
            "entries": self.rows("account_move", "id", moves),
            "items": self.rows("account_move_line", "move_id", moves),
            "partials": self.rows("account_partial_reconcile", "credit_move_id", bills.line_ids),
            "paid": [bill.matched_payment_ids.mapped("amount") for bill in bills.sorted("id")],
            "matched": [len(bill.line_ids.full_reconcile_id) for bill in bills],
            "words": self.told(payments) + self.told(moves),
        }

    def test_rows_are_those_that_odoo_makes(self):
        wizard = self.registry["account.payment.register"]
        one_by_one = patch.object(wizard, "_is_together", lambda _wizard, _edit_mode: False)
        with contextlib.suppress(UndoneError), self.env.cr.savepoint():
            with one_by_one:
                wanted = self.registered()
            raise UndoneError
        self.env.invalidate_all()
        found = self.registered()
        self.assertEqual(len(found["payments"]), 3)
        for name, rows in wanted.items():
            self.assertEqual(found[name], rows, name)

    def test_it_takes_one_step_for_all(self):
        items = self.registry["account.move.line"]
        with patch.object(
            items, "_reconcile_plan", autospec=True, side_effect=items._reconcile_plan
        ) as plans:
            self.registered()
        self.assertEqual(plans.call_count, 1)
