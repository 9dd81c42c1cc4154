from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.finance_connector_base.tools.errors import (
    BusinessError,
    FinalError,
    RetryableError,
    UnknownOutcomeError,
)
from odoo.addons.treasury_sync.tools import payees

from .common import VENDOR_IBAN, TreasuryCase


@tagged("post_install", "-at_install")
class TestPayee(TreasuryCase):
    """Payees are verified before the approval; anything but a match is held, and an error is no match."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank = cls.make_connection(
            "nextgenpsd2", endpoint="https://bank.test", environment="test"
        )
        cls.api = cls.make_interface("payment_order", cls.bank)
        cls.channel = cls.make_channel(cls.api, verify_payees=True)

    def answers(self, *found):
        """Let the bank give these answers, one after the other."""
        return self.startPatcher(
            patch.object(
                self.registry["finance.adapter.nextgenpsd2"],
                "_verify_payee",
                side_effect=list(found),
            )
        )

    def verified(self, *found):
        order = self.generated(*(100 + place for place, _answer in enumerate(found)))
        self.answers(*found)
        order._job_verify_payees(order.version)
        return order

    def test_nobody_approves_before_the_bank_was_asked(self):
        order = self.generated(100)
        jobs = self.env["queue.job"].search([("method_name", "=", "_job_verify_payees")])
        self.assertEqual(len(jobs), 1)
        with self.assertRaisesRegex(AccessError, "has not been asked yet"):
            order.with_user(self.approver)._approve(order.digest)
        self.assertIn("has not been asked yet", order.hold_text)
        asked = self.answers(payees.Verification("MTCH"))
        order._job_verify_payees(order.version)
        item = order._live()
        self.assertEqual(asked.call_args.args[1:], (item.beneficiary_name, VENDOR_IBAN, item.bic))
        self.assertEqual(item.payee_code, "MTCH")
        self.assertTrue(item.order_id.payees_asked)
        self.assertFalse(order.hold_ids)
        self.approve(order, self.approver, self.second_approver)
        self.assertEqual(order.state, "approved")
        self.assertTrue(order.exchange_id)

    def test_anything_but_a_match_is_held_until_a_second_person_releases_it(self):
        order = self.verified(
            payees.Verification("MTCH"),
            payees.Verification("CMTC", "Vendor SAS"),
            payees.Verification("NMTC"),
            payees.Verification("NOAP"),
        )
        self.assertEqual(order._live().mapped("payee_code"), ["MTCH", "CMTC", "NMTC", "NOAP"])
        self.assertEqual(order._live()[1].payee_text, "Vendor SAS")
        self.assertEqual(order.hold_ids.instruction_id, order._live()[1:])
        self.approve(order, self.approver, self.second_approver)
        self.assertFalse(order.exchange_id, "held")
        with self.assertRaises(BusinessError) as caught:
            order._check_before_sending(order._file()._content())
        self.assertEqual(caught.exception.code, "payment_held")
        self.preparer.group_ids |= self.env.ref("treasury_sync.group_treasury_approver")
        with self.assertRaises(AccessError):
            order.hold_ids.with_user(self.preparer).action_release()
        order.hold_ids.with_user(self.third_approver).action_release()
        self.assertTrue(order.exchange_id)

    def test_error_and_silence_are_not_verified_and_never_a_match(self):
        order = self.verified(
            FinalError("The bank says 404."),
            RetryableError("Not now."),
            UnknownOutcomeError("The line was cut."),
        )
        self.assertEqual(set(order._live().mapped("payee_code")), {"NONE"})
        self.assertIn("The line was cut.", order._live().mapped("payee_text"))
        self.assertEqual(order.hold_ids.instruction_id, order._live())

    def test_where_no_call_may_be_made_none_is_made(self):
        order = self.generated(100)
        self.bank.active = False
        asked = self.answers(payees.Verification("MTCH"))
        order._job_verify_payees(order.version)
        self.assertFalse(asked.call_count)
        self.assertEqual(order._live().payee_code, "NONE")
        self.assertTrue(order.hold_ids)

    def test_what_is_not_verified_is_asked_again_and_every_answer_kept(self):
        order = self.verified(payees.Verification("NMTC"), RetryableError("Not now."))
        with self.assertRaises(AccessError):
            order.with_user(self.viewer).action_verify_payees()
        order.action_verify_payees()
        asked = self.answers(payees.Verification("MTCH"))
        order._job_verify_payees(order.version)
        self.assertEqual(asked.call_count, 1, "what the bank answered is not asked again")
        first, second = order._live()
        self.assertEqual((first.payee_code, second.payee_code), ("NMTC", "MTCH"))
        self.assertEqual(second.verification_ids.mapped("code"), ["NONE", "MTCH"])
        self.assertEqual(len(order.hold_ids), 2, "a hold ends by a second person alone")
        with self.assertRaisesRegex(UserError, "has answered on each payee"):
            order.action_verify_payees()

    def test_release_of_what_was_not_verified_releases_no_other_answer(self):
        order = self.verified(RetryableError("Not now."))
        order.hold_ids.with_user(self.third_approver).action_release()
        order.action_verify_payees()
        self.answers(payees.Verification("NMTC"))
        order._job_verify_payees(order.version)
        self.assertEqual(order.hold_ids.mapped("state"), ["released", "open"])
        self.approve(order, self.approver, self.second_approver)
        self.assertFalse(order.exchange_id, "held again")

    def test_new_version_is_verified_anew(self):
        order = self.verified(payees.Verification("MTCH"))
        first = order.version
        order.action_back_to_draft()
        order.action_generate()
        with self.assertRaisesRegex(AccessError, "has not been asked yet"):
            order.with_user(self.approver)._approve(order.digest)
        asked = self.answers(payees.Verification("MTCH"))
        order._job_verify_payees(first)
        self.assertFalse(asked.call_count, "the job of a version that is gone")

    def test_taken_back_nobody_is_asked_about(self):
        order = self.generated(100)
        order.action_back_to_draft()
        asked = self.answers(payees.Verification("MTCH"))
        order._job_verify_payees(order.version)
        self.assertFalse(asked.call_count)

    def test_once_it_is_approved_nobody_is_asked_about(self):
        order = self.verified(RetryableError("Not now."))
        order.hold_ids.with_user(self.third_approver).action_release()
        self.approve(order, self.approver, self.second_approver)
        asked = self.answers(payees.Verification("NMTC"))
        order._job_verify_payees(order.version)
        self.assertFalse(asked.call_count)

    def test_not_verified_twice_is_held_once(self):
        order = self.verified(RetryableError("Not now."))
        self.answers(RetryableError("Nor now."))
        order._job_verify_payees(order.version)
        self.assertEqual(order.hold_ids.mapped("state"), ["open"])

    def test_account_without_iban_is_not_verified(self):
        order = self.generated(100)
        self.env.cr.execute("ALTER TABLE treasury_payment_instruction DISABLE TRIGGER USER")
        self.env.cr.execute(
            "UPDATE treasury_payment_instruction SET is_iban = FALSE WHERE order_id = %s",
            [order.id],
        )
        self.env.cr.execute(
            "ALTER TABLE treasury_payment_instruction ENABLE ALWAYS TRIGGER treasury_instruction_fixed"
        )
        order.invalidate_recordset()
        self.env.invalidate_all()
        asked = self.answers()
        order._job_verify_payees(order.version)
        self.assertFalse(asked.call_count)
        self.assertEqual(order._live().payee_code, "NONE")
        self.assertTrue(order.hold_ids)

    def test_turned_on_later_nothing_unverified_is_sent(self):
        self.channel.verify_payees = False
        order = self.approved(100)
        self.channel.verify_payees = True
        self.env.invalidate_all()
        with self.assertRaises(BusinessError) as caught:
            order._check_before_sending(order._file()._content())
        self.assertEqual(caught.exception.code, "payment_held")

    def test_nobody_writes_an_answer_and_another_company_sees_none(self):
        order = self.verified(payees.Verification("NMTC"))
        rows = order._live().verification_ids
        for act in (
            lambda: rows.sudo().write({"code": "MTCH"}),
            lambda: rows.sudo().unlink(),
            lambda: rows.sudo().copy(),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                act()
        stranger = self.make_user("stranger", "approver", self.company_b)
        self.assertFalse(self.env["treasury.payee.verification"].with_user(stranger).search([]))

    def test_channel_that_cannot_be_asked_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "cannot be asked"):
            self.make_channel(verify_payees=True)
