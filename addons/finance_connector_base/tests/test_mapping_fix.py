from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.finance_connector_base.tests.test_mapping import IBAN, MappingCase
from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.finance_connector_base.tools.mapping_code import code_digest


@tagged("post_install", "-at_install")
class TestMappingFix(MappingCase):
    """The way out of a missing mapping, for a person who may not maintain the tables."""

    def miss(self, code, kind="counterparty", company=None, unit="exchange"):
        """The exception that a handler's missing mapping becomes."""
        company = company or self.company_a
        connection = self.connection if company == self.company_a else None
        with self.assertRaises(BusinessError) as caught:
            self.resolve(code, kind, connection=connection, company=company)
        error = caught.exception
        return self.env["finance.exception"]._open(
            error.code,
            error.message,
            company=company,
            connection=connection,
            evidence=error.evidence,
            unit_key=unit,
        )

    def miss_again(self, exception):
        """The same exception, of a run that began before the mapping was made."""
        return self.env["finance.exception"]._open(
            exception.code,
            exception.summary,
            company=exception.company_id,
            connection=exception.connection_id,
            evidence=exception.evidence,
            unit_key="again",
        )

    def wizard(self, exceptions, user=None):
        exceptions = exceptions.with_user(user or self.operator)
        action = exceptions.action_fix_mapping()
        return exceptions.env[action["res_model"]].browse(action["res_id"])

    def test_operator_maps_and_the_exception_is_closed_with_the_reason(self):
        exception = self.miss("ACO")
        self.assertTrue(exception.misses_mapping)
        wizard = self.wizard(exception)
        self.assertEqual((wizard.kind, wizard.code), ("counterparty", "ACO"))
        self.assertIn("Acorn", wizard.suggestion_ids.mapped("name")[0])
        wizard.suggestion_ids[0].action_choose()
        wizard.action_apply()
        self.assertEqual(self.resolve("ACO", connection=self.connection), self.partner)
        self.assertFalse(self.resolve("ACO", required=False), "it holds for this connection only")
        self.assertEqual(exception.state, "resolved")
        self.assertEqual(exception.resolved_by_id, self.operator)
        self.assertIn("Acorn", exception.resolution)
        event = self.events("mapping.entry")
        self.assertEqual((event.action, event.user_id), ("mapping.entry_created", self.operator.id))

    def test_fallback_holds_for_every_connection(self):
        wizard = self.wizard(self.miss("X"))
        wizard.write({"scope": "fallback", "res_id": self.other.id})
        wizard.action_apply()
        self.assertEqual(self.resolve("X"), self.other)

    def test_account_number_needs_nobody_to_type_it(self):
        bank = self.env["res.partner.bank"].create(
            {"acc_number": IBAN, "partner_id": self.company_a.partner_id.id}
        )
        journal = self.env["account.journal"].create(
            {
                "name": "Bank",
                "code": "MAPB",
                "type": "bank",
                "company_id": self.company_a.id,
                "bank_account_id": bank.id,
            }
        )
        exception = self.miss(f"{IBAN}|USD", "journal")
        self.assertNotIn(IBAN, f"{exception.evidence} {exception.summary}")
        wizard = self.wizard(exception)
        self.assertEqual(wizard.res_id, journal.id, "the only one whose number ends alike")
        wizard.action_apply()
        self.assertEqual(
            self.resolve(f"{IBAN}|USD", "journal", connection=self.connection), journal
        )

    def test_exception_that_tells_little_asks_for_the_code(self):
        exception = self.env["finance.exception"]._open(
            "mapping_missing", "Something has no mapping.", company=self.company_a
        )
        wizard = self.wizard(exception)
        with self.assertRaisesRegex(UserError, "type the code"):
            wizard.action_apply()
        wizard.write({"kind": "journal", "typed_code": f"{IBAN}|EUR"})
        self.assertEqual(wizard.code, "****3000|EUR")
        self.env.flush_all()
        self.env.cr.execute("SELECT string_agg(t::text, '') FROM finance_exception_fix_mapping t")
        self.assertNotIn("0532013", self.env.cr.fetchone()[0])
        wizard.write({"kind": "counterparty", "typed_code": "X", "res_id": self.partner.id})
        wizard.action_apply()
        self.assertEqual(self.resolve("X"), self.partner)

    def test_all_that_wait_for_the_code_go_on(self):
        first, second = self.miss("X", unit="1"), self.miss("X", unit="2")
        other_code = self.miss("Y", unit="3")
        elsewhere = self.make_connection("webhook", name="Elsewhere")
        other_connection = self.env["finance.exception"]._open(
            "mapping_missing",
            "The same over there.",
            company=self.company_a,
            connection=elsewhere,
            evidence=second.evidence,
        )
        other_company = self.miss("X", company=self.company_b)
        wizard = self.wizard(first)
        wizard.res_id = self.partner.id
        wizard.action_apply()
        self.assertEqual(second.state, "resolved")
        self.assertEqual(
            (other_code | other_connection | other_company).mapped("state"), ["open"] * 3
        )

    def test_late_exception_of_a_code_uses_the_mapping_made_by_the_first(self):
        first = self.wizard(self.miss("X"))
        first.res_id = self.partner.id
        first.action_apply()
        entry = self.entries.search([("code", "=", "X")])
        again = self.miss_again(first.exception_ids)
        wizard = self.wizard(again)
        wizard.res_id = self.partner.id
        wizard.action_apply()
        self.assertEqual(self.entries.search([("code", "=", "X")]), entry)
        self.assertEqual(again.state, "resolved")
        third = self.miss_again(first.exception_ids)
        wizard = self.wizard(third)
        wizard.res_id = self.other.id
        with self.assertRaisesRegex(UserError, "already"):
            wizard.action_apply()
        self.assertEqual(third.state, "open")

    def test_bulk_fixes_one_code_only(self):
        same = self.miss("X", unit="1") | self.miss("X", unit="2")
        with self.assertRaisesRegex(UserError, "different codes"):
            self.wizard(same | self.miss("Y", unit="3"))
        wizard = self.wizard(same)
        wizard.res_id = self.partner.id
        wizard.action_apply()
        self.assertEqual(set(same.mapped("state")), {"resolved"})

    def test_other_exceptions_cannot_be_fixed_this_way(self):
        exception = self.env["finance.exception"]._open(
            "unit_failed", "No.", company=self.company_a
        )
        self.assertFalse(exception.misses_mapping)
        with self.assertRaisesRegex(UserError, "only"):
            self.wizard(exception)

    def test_target_is_required_and_has_to_fit(self):
        exception = self.miss("X", "journal")
        wizard = self.wizard(exception)
        with self.assertRaisesRegex(UserError, "Choose"):
            wizard.action_apply()
        journal_b = self.env["account.journal"].create(
            {"name": "Bank", "code": "MAPB", "type": "bank", "company_id": self.company_b.id}
        )
        wizard.res_id = journal_b.id
        with self.assertRaises(AccessError):
            wizard.action_apply()
        self.assertEqual(exception.state, "open")

    def test_viewer_and_another_company_do_not_fix(self):
        exception = self.miss("X")
        for user in (
            self.viewer,
            self.auditor,
            self.users["operator", "b"],
            self.users["manager", "b"],
        ):
            with self.assertRaises(AccessError):
                wizard = self.wizard(exception, user)
                wizard.res_id = self.partner.id
                wizard.action_apply()
        self.assertEqual(exception.state, "open")
        self.assertFalse(self.resolve("X", required=False))

    def test_only_the_missing_code_is_mapped_and_only_where_it_is_missing(self):
        exception = self.miss("X")
        given = {
            "company_id": self.company_b.id,
            "code": "Y",
            "code_digest": code_digest("counterparty", "Y"),
            "connection_id": False,
        }
        wizard = self.wizard(exception)
        wizards = wizard.browse()
        for name, value in given.items():
            with self.subTest(name), self.assertRaises(AccessError):
                wizard.write({name: value})
            with self.subTest(name), self.assertRaises(AccessError):
                wizards.create({"exception_ids": [Command.set(exception.ids)], name: value})
        with self.assertRaises(UserError):
            wizard.typed_code = "Y"
        born = wizards.with_context(
            **{f"default_{name}": value for name, value in given.items()}
        ).create({"exception_ids": [Command.set(exception.ids)], "res_id": self.partner.id})
        born.action_apply()
        found = {
            code: self.resolve(code, connection=self.connection, required=False)
            for code in ("X", "Y")
        }
        self.assertEqual(found, {"X": self.partner, "Y": self.partner.browse()})
        self.assertFalse(
            self.env["finance.mapping.table"].search([("company_id", "=", self.company_b.id)])
        )

    def test_exception_links_to_its_runbook(self):
        opened = self.env["finance.exception"]._open
        self.assertTrue(self.miss("X").runbook_url.endswith("#mapping_missing"))
        refused = opened("http_404", "Not there.", company=self.company_a)
        self.assertTrue(refused.runbook_url.endswith("#final_error"))
