from odoo.tests import tagged

from odoo.addons.finance_connector_base.tests.audit_words import logged_codes, subjects_of
from odoo.addons.finance_connector_base.tests.common import FinanceCase


@tagged("post_install", "-at_install")
class TestAuditWords(FinanceCase):
    def test_everything_that_is_logged_has_words(self):
        events = self.env["finance.audit.event"]
        known = logged_codes("treasury_sync", prefix="payment_order")
        for model, name, action in (
            ("treasury.payment.order", "state", "is"),
            ("treasury.payment.recall", "state", "recall"),
            ("treasury.payment.proof", "kind", "proof"),
        ):
            values = self.env[model]._fields[name].get_values(self.env)
            known |= {f"payment_order.{action}_{value}" for value in values}
        self.assertTrue({"payment_order.approved", "cash_position.frozen"} <= known)
        self.assertEqual(known - events._audit_words().keys(), set())
        missing = subjects_of(self.env, "treasury_sync") - events._audit_subjects().keys()
        self.assertEqual(missing, set())
