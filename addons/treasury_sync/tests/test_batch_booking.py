from odoo.tests import tagged

from odoo.addons.treasury_sync.models.engine import as_engine
from odoo.addons.treasury_sync.tools import life

from .common import TreasuryCase


@tagged("post_install", "-at_install")
class TestBatchBooking(TreasuryCase):
    """A bank that books all payments of an order in one amount."""

    def sent(self, *amounts):
        order = self.approved(*amounts)
        as_engine(order)._live()._advance(life.Fate.TRANSMITTED, source="sending")
        return order

    def match(self, line):
        self.env["bank.statement.matcher"]._match(line)
        return line

    def test_one_line_settles_all_payments_of_an_order(self):
        order = self.sent(100, 250)
        line = self.match(self.statement_line(-350, payment_ref=f"{order.message_ref}-G1"))
        self.assertTrue(line.is_reconciled)
        self.assertEqual(line.match_found_by, "exact")
        self.assertTrue(all(order.payment_ids.mapped("is_matched")))
        self.assertEqual(set(order._live().mapped("state")), {"booked"})
        line.action_match_undo()
        self.assertFalse(line.is_reconciled)
        self.assertFalse(any(order.payment_ids.mapped("is_matched")))

    def test_batch_is_known_by_what_the_bank_says_of_the_booking(self):
        order = self.sent(100, 250)
        line = self.statement_line(-350, payment_ref="SAMMELUEBERWEISUNG")
        line.sudo().transaction_details = {
            "position": {},
            "batch": {"payment_information_id": f"{order.message_ref}-G1", "parts": 1},
        }
        self.assertTrue(self.match(line).is_reconciled)

    def test_part_of_an_order_waits_for_a_person(self):
        order = self.sent(100, 250)
        line = self.match(self.statement_line(-300, payment_ref=f"{order.message_ref}-G1"))
        self.assertFalse(line.is_reconciled)
        proposal = line.match_id.proposal_ids.sorted("rank")[:1]
        refused = proposal.action_accept()["refused"]
        self.assertIn("in part only", refused[0]["reason"])
        self.assertFalse(any(order.payment_ids.mapped("is_matched")))

    def test_order_of_another_company_is_no_candidate(self):
        order = self.sent(100, 250)
        journal = self.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", self.company_b.id)], limit=1
        )
        line = self.match(
            self.statement_line(-350, payment_ref=f"{order.message_ref}-G1", journal=journal)
        )
        self.assertFalse(line.is_reconciled)
        self.assertFalse(line.match_id.proposal_ids)
