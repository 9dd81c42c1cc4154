import inspect

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw, get_public_method
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import StatementCase

_ADDON = "odoo.addons.bank_statement_api."
# Odoo's own, made stricter here: Odoo checks who calls them.
_EXTENDED = {"action_undo_reconciliation", "create", "unlink", "write"}
_OWN = {
    "account.bank.statement.line": {
        "action_match",
        "action_match_allocate",
        "action_match_ask",
        "action_match_ignore",
        "action_match_items",
        "action_match_partner",
        "action_match_postpone",
        "action_match_preview",
        "action_match_transfer",
        "action_match_try",
        "action_match_undo",
        "action_match_write_off",
    },
    "account.journal": {"action_upload_bank_statement"},
    "bank.statement.comparison": {
        "action_compare",
        "action_open_lines",
        "action_sign_off",
        "action_switch_over",
    },
    "bank.statement.comparison.day": {"action_open_lines"},
    "bank.statement.consent": {"action_open_redirect", "action_refresh", "action_request"},
    "bank.statement.coverage": {"get_coverage", "get_day"},
    "bank.statement.feed": {
        "action_fetch_now",
        "action_open_comparison",
        "action_open_exceptions",
    },
    "bank.statement.match.lesson": {"action_accept", "action_refuse"},
    "bank.statement.match.proposal": {"action_accept"},
    "bank.statement.match.rule": {
        "action_activate",
        "action_backtest",
        "action_new_version",
        "action_propose",
        "action_retire",
    },
    "bank.statement.match.run": {"action_commit"},
    "bank.statement.review": {
        "accept_many",
        "get_board",
        "get_bulk",
        "get_choices",
        "get_line",
        "get_rows",
        "tell_presence",
    },
    "bank.statement.profile.try": {"action_look", "action_save", "action_suggest"},
    "bank.statement.setup": {
        "action_ask_consent",
        "action_ask_host_key",
        "action_back",
        "action_check_consent",
        "action_choose",
        "action_discover",
        "action_dry_run",
        "action_go_live",
        "action_open_feeds",
        "action_refresh",
        "action_test",
    },
    "bank.statement.upload": {"action_upload"},
}
# They may inherit ours; test_finance_suite tries what they make of it.
_ABOVE = {"treasury_sync", "reporting_export", "test_finance_suite"}
_HARMLESS = {
    (
        "bank.statement.coverage",
        "get_coverage",
    ): "Of the caller's own companies; see test_coverage.",
    ("bank.statement.coverage", "get_day"): "Of the caller's own companies; see test_coverage.",
    **{
        ("bank.statement.review", name): "Of the caller's own companies; see test_review_board."
        for name in (
            "accept_many",
            "get_board",
            "get_bulk",
            "get_choices",
            "get_line",
            "get_rows",
            "tell_presence",
        )
    },
    ("account.journal", "action_upload_bank_statement"): "Opens an empty upload form.",
}


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
        self.assertEqual(found, _OWN)

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
        for model_name, methods in _OWN.items():
            for method in sorted(methods):
                if (model_name, method) in _HARMLESS:
                    continue
                for user in self.strangers:
                    with self.subTest(f"{user.login} {model_name}.{method}"):
                        self.assertIsInstance(self._call(user, model_name, method), AccessError)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_viewer_looks_only(self):
        looking = {
            ("bank.statement.consent", "action_open_redirect"),
            ("bank.statement.comparison", "action_open_lines"),
            ("bank.statement.comparison.day", "action_open_lines"),
            ("bank.statement.feed", "action_open_comparison"),
            ("bank.statement.feed", "action_open_exceptions"),
            ("account.bank.statement.line", "action_match_items"),
            ("account.bank.statement.line", "action_match_preview"),
        }
        for model_name, methods in _OWN.items():
            for method in sorted(methods):
                if (model_name, method) in _HARMLESS or (model_name, method) in looking:
                    continue
                with self.subTest(f"{model_name}.{method}"):
                    self.assertIsInstance(self._call(self.viewer, model_name, method), AccessError)
