from odoo.tests import tagged

from odoo.addons.finance_connector_base.tests.audit_words import logged_codes, subjects_of
from odoo.addons.finance_connector_base.tests.common import FinanceCase


@tagged("post_install", "-at_install")
class TestAuditWords(FinanceCase):
    def test_everything_that_is_logged_has_words(self):
        events = self.env["finance.audit.event"]
        states = self.env["bank.statement.consent"]._fields["state"].get_values(self.env)
        known = logged_codes("bank_statement_api")
        known |= {f"consent.{state}" for state in states}
        known |= {"match_lesson.accepted", "match_lesson.refused"}
        known |= {"comparison.signed_off", "comparison.switched_over"}
        self.assertTrue({"consent.requested", "statement_line.matched"} <= known)
        self.assertEqual(known - events._audit_words().keys(), set())
        missing = subjects_of(self.env, "bank_statement_api") - events._audit_subjects().keys()
        self.assertEqual(missing, set())

    def test_evidence_of_a_decision_is_told_in_words(self):
        precision = self.env["bank.statement.match.precision"]
        self.assertEqual(precision._evidence("number:exact:known"), "Its Number · Equal · Known")
        model = self.env["account.reconcile.model"].create({"name": "Bank fees"})
        self.assertEqual(
            precision._evidence(f"model:{model.id}:automatic"),
            "Reconciliation Model · Bank fees · By the Model Itself",
        )
