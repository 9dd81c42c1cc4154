from odoo.tests import tagged

from odoo.addons.finance_connector_base.tests.audit_words import logged_codes, subjects_of
from odoo.addons.finance_connector_base.tests.common import FinanceCase
from odoo.addons.finance_connector_base.tools.states import MILESTONES, WorkStatus


@tagged("post_install", "-at_install")
class TestAuditWords(FinanceCase):
    """The trail keeps codes and logins; people read, search and group by words."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connection = cls.make_connection("webhook")
        cls.events = cls.env["finance.audit.event"].with_user(cls.auditor)

    def test_everything_that_is_logged_has_words(self):
        words = self.events._audit_words()
        states = {*WorkStatus, *(step for steps in MILESTONES.values() for step in steps)}
        known = logged_codes("finance_connector_base") | {f"exchange.{state}" for state in states}
        self.assertIn("credential.revealed", known)
        self.assertEqual(known - words.keys(), set())
        missing = (
            subjects_of(self.env, "finance_connector_base") - self.events._audit_subjects().keys()
        )
        self.assertEqual(missing, set())

    def test_list_search_and_groups_speak_words(self):
        self.events._log("credential.changed", self.connection, summary="One")
        self.env["finance.audit.event"]._log("exchange.received", self.connection, summary="Two")
        own, machine = self.events.search([("res_id", "=", self.connection.id)], order="id")[-2:]
        self.assertEqual((own.who, machine.who), (self.auditor.login, "System"))
        self.assertEqual(own.display_name, "Credential: changed")
        self.assertIn(machine, self.events.search([("who", "=", "System")]))
        self.assertNotIn(own, self.events.search([("who", "=", "System")]))
        self.assertIn(machine, self.events.search([("who", "ilike", "syst")]))
        self.assertNotIn(machine, self.events.search([("who", "ilike", self.auditor.login)]))
        self.assertIn(own, self.events.search([("who", "!=", "System")]))
        groups = self.events.formatted_read_group([], ["who"], ["__count"])
        self.assertTrue({"System", self.auditor.login} <= {group["who"] for group in groups})
        for group in groups:
            found = self.events.search_count(group["__extra_domain"])
            self.assertEqual(found, group["__count"], group["who"])
        choices = dict(self.events.fields_get(["action"])["action"]["selection"])
        self.assertEqual(choices["exchange.received"], "Exchange: received")

    def test_what_another_addon_writes_is_shown_by_its_code(self):
        self.events._log("parcel.shipped", self.connection)
        event = self.events.search([("action", "=", "parcel.shipped")])
        self.assertEqual(event.display_name, "parcel.shipped")
        self.assertIn(
            ("parcel.shipped", "parcel.shipped"),
            self.events.fields_get(["action"])["action"]["selection"],
        )
