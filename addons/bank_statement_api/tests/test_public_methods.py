import inspect

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw, get_public_method
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import StatementCase
from .surface import HARMLESS, OWN_METHODS

_ADDON = "odoo.addons.bank_statement_api."
# Odoo's own, made stricter here: Odoo checks who calls them.
_EXTENDED = {"action_undo_reconciliation", "create", "unlink", "write"}
# They may inherit ours; test_finance_suite tries what they make of it.
_ABOVE = {"treasury_sync", "reporting_export", "test_finance_suite"}


@tagged("post_install", "-at_install")
class TestPublicMethods(StatementCase):
    """Every public method can be called over RPC: one that forgot to ask who calls is open to every log-in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        connection = cls.make_connection("nextgenpsd2", endpoint="https://bank.example")
        interface = cls.make_interface("bank_statement", connection)
        line = cls.env["account.bank.statement.line"].create(
            {"journal_id": cls.journal.id, "amount": 5.0, "payment_ref": "x", "date": "2026-03-04"}
        )
        match = cls.env["bank.statement.match"].create(
            {
                "line_id": line.id,
                "company_id": cls.company_a.id,
                "journal_id": cls.journal.id,
                "outcome": "propose",
                "proposal_ids": [
                    (
                        0,
                        0,
                        {
                            "line_id": line.id,
                            "company_id": cls.company_a.id,
                            "rank": 1,
                            "found_by": "exact",
                        },
                    )
                ],
            }
        )
        comparison = cls.env["bank.statement.comparison"].create(
            {
                "interface_id": interface.id,
                "date_from": "2026-03-04",
                "date_to": "2026-03-04",
                "line_ids": [
                    (
                        0,
                        0,
                        {
                            "journal_id": cls.journal.id,
                            "currency_id": cls.euro.id,
                            "day": "2026-03-04",
                            "state": "only_live",
                        },
                    )
                ],
            }
        )
        cls.env.flush_all()
        cls.records = {
            "account.bank.statement": cls.env["account.bank.statement"].create(
                {"line_ids": [(6, 0, line.ids)]}
            ),
            "account.bank.statement.line": line,
            "account.journal": cls.journal,
            "bank.statement.consent": cls.env["bank.statement.consent"].create(
                {
                    "name": "c",
                    "connection_id": connection.id,
                    "company_id": cls.company_a.id,
                    "redirect_url": "https://bank.example/confirm",
                }
            ),
            "bank.statement.feed": cls.env["bank.statement.feed"].create(
                {
                    "name": "Feed",
                    "interface_id": interface.id,
                    "journal_id": cls.journal.id,
                    "resource_ref": "r1",
                }
            ),
            "bank.statement.comparison": comparison,
            "bank.statement.comparison.day": cls.env["bank.statement.comparison.day"].search(
                [("comparison_id", "=", comparison.id)]
            ),
            "bank.statement.match.lesson": cls.env["bank.statement.match.lesson"].create(
                {"company_id": cls.company_a.id, "kind": "iban_partner", "key": "X1"}
            ),
            "bank.statement.match.proposal": match.proposal_ids,
            "bank.statement.match.rule": cls.env["bank.statement.match.rule"].create(
                {
                    "name": "Fees",
                    "kind": "fee",
                    "maximum": 5.0,
                    "company_id": cls.company_a.id,
                    "currency_id": cls.euro.id,
                    "account_id": cls.company_a.transfer_account_id.id,
                }
            ),
            "bank.statement.match.run": cls.env["bank.statement.match.run"].create(
                {"company_id": cls.company_a.id}
            ),
            "bank.statement.review": cls.env["bank.statement.review"],
            "bank.statement.coverage": cls.env["bank.statement.coverage"],
            "bank.statement.setup": cls.env["bank.statement.setup"].create(
                {"name": "Bank", "adapter": "folder", "company_id": cls.company_a.id}
            ),
            "bank.statement.profile.try": cls.env["bank.statement.profile.try"].create(
                {"company_id": cls.company_a.id, "booking_date": "1", "amount": "2", "name": "p"}
            ),
            "bank.statement.upload": cls.env["bank.statement.upload"].create(
                {"company_id": cls.company_a.id}
            ),
        }
        cls.strangers = [
            cls.api_user,
            new_test_user(cls.env, "public_methods_portal", groups="base.group_portal"),
            cls.env.ref("base.public_user"),
            cls.users["manager", "b"],
        ]

    def _is_public(self, model_name, method):
        try:
            return callable(get_public_method(self.env[model_name], method))
        except (AccessError, AttributeError):
            return False

    def test_every_public_method_is_listed(self):
        found = {}
        for model_name, model_class in self.registry.items():
            if model_class._original_module in _ABOVE:
                continue
            names = {
                name
                for part in model_class.mro()
                if part.__module__.startswith(_ADDON)
                for name, value in vars(part).items()
                if inspect.isroutine(value) and self._is_public(model_name, name)
            } - _EXTENDED
            if names:
                found[model_name] = names
        self.assertEqual(found, OWN_METHODS)

    def _call(self, user, model_name, method):
        """:return: the error that the call ended with, None if it went through"""
        savepoint = self.env.cr.savepoint()
        try:
            call_kw(
                self.env(user=user, context={})[model_name],
                method,
                [self.records[model_name].ids],
                {},
            )
        except (AccessError, UserError) as error:
            return error
        finally:
            savepoint.close(rollback=True)
            self.env.invalidate_all()
        return None

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_strangers_are_refused(self):
        for model_name, methods in OWN_METHODS.items():
            for method in sorted(methods):
                if (model_name, method) in HARMLESS:
                    continue
                for user in self.strangers:
                    with self.subTest(f"{user.login} {model_name}.{method}"):
                        self.assertIsInstance(self._call(user, model_name, method), AccessError)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_viewer_looks_only(self):
        looking = {
            ("account.bank.statement", "action_open_lines"),
            ("bank.statement.match.rule", "action_open_changed"),
            ("bank.statement.consent", "action_open_redirect"),
            ("bank.statement.comparison", "action_open_lines"),
            ("bank.statement.comparison.day", "action_open_lines"),
            ("bank.statement.feed", "action_open_comparison"),
            ("bank.statement.feed", "action_open_exceptions"),
            ("account.bank.statement.line", "action_match_items"),
            ("account.bank.statement.line", "action_match_preview"),
        }
        for model_name, methods in OWN_METHODS.items():
            for method in sorted(methods):
                if (model_name, method) in HARMLESS or (model_name, method) in looking:
                    continue
                with self.subTest(f"{model_name}.{method}"):
                    self.assertIsInstance(self._call(self.viewer, model_name, method), AccessError)
