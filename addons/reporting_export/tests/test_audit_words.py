from odoo.tests import tagged

from odoo.addons.finance_connector_base.tests.audit_words import logged_codes, subjects_of
from odoo.addons.finance_connector_base.tests.common import FinanceCase


@tagged("post_install", "-at_install")
class TestAuditWords(FinanceCase):
    def test_everything_that_is_logged_has_words(self):
        events = self.env["finance.audit.event"]
        known = logged_codes("reporting_export")
        self.assertIn("contract.activated", known)
        self.assertEqual(known - events._audit_words().keys(), set())
        missing = subjects_of(self.env, "reporting_export") - events._audit_subjects().keys()
        self.assertEqual(missing, set())
