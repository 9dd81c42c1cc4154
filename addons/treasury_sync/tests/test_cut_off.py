from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged

from .common import TreasuryCase


@tagged("post_install", "-at_install")
class TestCutOff(TreasuryCase):
    """An order knows until when it is in time; a later day needs somebody's consent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank = cls.env["res.bank"].create({"name": "House Bank", "bic": "DEUTDEFFXXX"})
        cls.journal.bank_account_id.bank_id = cls.bank
        cls.cut_off = cls.env["treasury.cut.off"].create(
            {"name": "SEPA", "bank_id": cls.bank.id, "service_level": "SEPA", "hour": 14.0}
        )

    @freeze_time("2026-11-27 10:00:00")
    def test_in_time(self):
        order = self.order(100)
        self.assertFalse(order.late_text)
        self.assertEqual(str(order.cut_off_at), "2026-11-27 13:00:00")
        self.assertIn("14:00", order.cut_off_text)
        order.action_generate()
        self.assertEqual(order.state, "to_approve")

    @freeze_time("2026-11-27 14:00:00")
    def test_late_draft_is_not_generated_before_its_day_is_moved(self):
        order = self.order(100)
        self.assertIn("House Bank", order.late_text)
        with self.assertRaisesRegex(UserError, "Move the day"):
            order.action_generate()
        order.action_move_date()
        self.assertEqual(str(order.requested_date), "2026-11-30", "over the weekend")
        order.action_generate()
        self.assertIn(b"2026-11-30", order._file()._content())

    def test_late_by_its_approval_it_waits_for_a_consent(self):
        interface = self.make_interface("payment_order", self.make_connection("folder"))
        channel = self.make_channel(interface)
        with freeze_time("2026-11-27 10:00:00"):
            order = self.generated(100, channel=channel)
        with freeze_time("2026-11-27 14:00:00"):
            order.invalidate_recordset()
            self.approve(order, self.approver, self.second_approver)
            self.assertEqual(order.state, "approved")
            self.assertFalse(order.exchange_id)
            self.assertIn("too late", order.hold_text)
            with self.assertRaisesRegex(Exception, "too late"):
                order._check_before_sending(order._file()._content())
            order.with_user(self.preparer).action_accept_late()
            self.assertTrue(order.exchange_id)
            self.assertEqual(order.late_accepted_by_id, self.preparer)
            order._check_before_sending(order._file()._content())

    @freeze_time("2026-11-27 14:00:00")
    def test_other_products_and_banks_have_their_own(self):
        instant = self.make_channel(local_instrument="INST", service_level="SEPA")
        other = self.make_channel(service_level="URGP")
        self.cut_off.local_instrument = False
        self.env["treasury.cut.off"].create(
            {
                "name": "Instant",
                "sequence": 1,
                "service_level": "SEPA",
                "local_instrument": "INST",
                "hour": 23.5,
            }
        )
        self.assertFalse(self.order(100, channel=instant).late_text)
        self.assertFalse(self.order(100, channel=other).cut_off_at)
        self.assertTrue(self.order(100).late_text)

    @freeze_time("2026-11-27 14:00:00")
    def test_cut_off_of_another_bank_company_or_currency_is_not_ours(self):
        order = self.order(100)
        self.cut_off.write(
            {"company_id": self.company_a.id, "currency_id": self.company_a.currency_id.id}
        )
        order.invalidate_recordset()
        self.assertTrue(order.late_text)
        for values in (
            {"bank_id": self.bank.copy({"name": "Another Bank"}).id},
            {"company_id": self.company_b.id},
            {"currency_id": self.env.ref("base.USD").id},
        ):
            with self.subTest(values), self.env.cr.savepoint() as savepoint:
                self.cut_off.write(values)
                order.invalidate_recordset()
                self.assertFalse(order.cut_off_at)
                savepoint.rollback()
            self.env.invalidate_all()
        with self.assertRaises(ValidationError):
            self.cut_off.hour = -1

    def test_consent_is_for_one_version_of_what_is_late(self):
        interface = self.make_interface("payment_order", self.make_connection("folder"))
        with freeze_time("2026-11-27 10:00:00"):
            order = self.generated(100, channel=self.make_channel(interface))
            with self.assertRaisesRegex(UserError, "in time"):
                order.action_accept_late()
        with freeze_time("2026-11-27 14:00:00"):
            order.invalidate_recordset()
            with self.assertRaises(AccessError):
                order.with_user(self.viewer).action_accept_late()
            order.action_accept_late()
            order.action_back_to_draft()
            order.invalidate_recordset()
            with self.assertRaisesRegex(UserError, "in time"):
                order.action_accept_late()
            with self.assertRaises(AccessError):
                order.with_user(self.approver).action_move_date()
            order.action_move_date()
            order.action_generate()
        with freeze_time("2026-11-30 14:00:00"):
            order.invalidate_recordset()
            self.approve(order, self.approver, self.second_approver)
            self.assertIn("too late", order.hold_text)
            self.assertFalse(order.exchange_id)
