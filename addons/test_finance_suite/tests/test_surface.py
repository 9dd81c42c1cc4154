import inspect

from odoo import Command
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.service.model import call_kw, get_public_method
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import EngineCase
from .surface import HARMLESS, OWN_METHODS

_ADDONS = ("finance_connector_base", "bank_statement_api", "treasury_sync", "reporting_export")
_MIXINS = ("base", "mail.thread", "mail.activity.mixin")
# Odoo's own methods that read or change records; the rest of its base describes models, or acts on nothing stored.
_DATA_METHODS = {
    "copy",
    "create",
    "export_data",
    "formatted_read_group",
    "message_post",
    "name_create",
    "name_search",
    "read",
    "search",
    "search_count",
    "search_read",
    "unlink",
    "web_read",
    "web_save",
    "web_search_read",
    "write",
}
# These refuse with another error, or have nothing to do where a model has no name or no such record.
_REFUSED_OTHERWISE = {"export_data", "message_post", "name_create"}
# Refusals are logged, and so is a model without a name that is asked to make a record of one.
_EXPECTED = ("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule", "odoo.models")
# Whose writing refuses a company among all else that it does not name.
_REFUSES_COMPANY = {"finance.exchange.payload", "treasury.payment.order", "treasury.payment.hold"}
_ARGUMENTS = {
    "copy": [],
    "create": [{}],
    "export_data": [["id"]],
    "formatted_read_group": [[]],
    "message_post": [],
    "name_create": ["x"],
    "name_search": ["x"],
    "read": [["id"]],
    "search": [[]],
    "search_count": [[]],
    "search_read": [[]],
    "unlink": [],
    "web_read": [{"display_name": {}}],
    "web_save": [{}, {"id": {}}],
    "web_search_read": [[], {"id": {}}],
    "write": [{}],
}


@tagged("post_install", "-at_install")
class TestSurface(EngineCase):
    """A public method that forgot to ask who calls would be open to every log-in of the database."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal = new_test_user(cls.env, "surface_portal", groups="base.group_portal")
        cls.public = cls.env.ref("base.public_user")
        cls.inbound.api_user_ids = cls.api_user
        exchange, _is_new = cls.env["finance.exchange"]._receive(
            cls.inbound, "surface", b'{"fail": "business"}', source="api"
        )
        exchange._job_process()
        cls.env["finance.credential"].create(
            {
                "name": "Key",
                "connection_id": cls.connection.id,
                "kind": "api_key",
                "secret": "seeded",
            }
        )
        cls.exchange = exchange
        cls.records = {
            "finance.connection": cls.connection,
            "finance.credential": cls.connection.credential_ids,
            "finance.interface": cls.inbound,
            "finance.interface.version": cls.inbound.active_version_id,
            "finance.exchange": exchange,
            "finance.exchange.payload": exchange.payload_ids,
            "finance.exchange.attempt": exchange.attempt_ids,
            "finance.exception": exchange.exception_ids,
        }

    def _suite_models(self):
        return sorted(
            name
            for name in self.env.registry
            if self.env.registry[name]._original_module in _ADDONS
        )

    def _public(self, model_name, method):
        try:
            return callable(get_public_method(self.env[model_name], method))
        except (AccessError, AttributeError):
            return False

    def _own_methods(self, model_name):
        """Names that the suite made public on a model, its own or one of Odoo's."""
        model_class = self.env.registry[model_name]
        inherited = {name for mixin in _MIXINS for name in dir(self.env.registry[mixin])}
        own = set()
        for name in dir(model_class):
            if name.startswith("_") or name in inherited:
                continue
            first = [part for part in model_class.mro() if name in vars(part)][-1:]
            if (
                first
                and getattr(first[0], "_module", None) in _ADDONS
                and self._public(model_name, name)
            ):
                own.add(name)
        return own

    def test_every_public_method_is_listed(self):
        found = {name: self._own_methods(name) for name in self.env.registry}
        unlisted = {name: own - OWN_METHODS.get(name, set()) for name, own in found.items()}
        self.assertEqual({name: own for name, own in unlisted.items() if own}, {})

    def _attempt(self, user, model_name, method, arguments, ids=()):
        """:return: the error of the call, or None when it went through"""
        model = self.env(user=user, context={})[model_name]
        if not getattr(get_public_method(model, method), "_api_model", False):
            arguments = [list(ids), *arguments]
        savepoint = self.env.cr.savepoint()
        try:
            result = call_kw(model, method, arguments, {})
        except Exception as error:
            return error
        else:
            return None if result not in ([], 0, False) else UserError("nothing")
        finally:
            savepoint.close(rollback=True)
            self.env.invalidate_all()

    def _arguments(self, model_name, method):
        if method in _ARGUMENTS:
            return _ARGUMENTS[method]
        parameters = list(
            inspect.signature(getattr(self.env.registry[model_name], method)).parameters.values()
        )
        return ["x" for part in parameters[1:] if part.default is part.empty and part.kind < 2]

    @mute_logger(*_EXPECTED)
    def test_callers_portal_and_public_reach_nothing(self):
        reached = []
        for model_name in self._suite_models():
            if model_name == "finance.api":
                continue
            methods = set(OWN_METHODS.get(model_name, set()))
            if not self.env[model_name]._abstract:
                methods |= {name for name in _DATA_METHODS if self._public(model_name, name)}
            # Where no record was made, one that need not exist: the model itself has to refuse.
            ids = self.records[model_name].ids if model_name in self.records else [1]
            for method in sorted(methods):
                if (model_name, method) in HARMLESS:
                    continue
                for user in (self.api_user, self.portal, self.public):
                    error = self._attempt(
                        user, model_name, method, self._arguments(model_name, method), ids
                    )
                    expected = UserError
                    if method in _DATA_METHODS - _REFUSED_OTHERWISE:
                        # Of a record that need not exist, some methods say that first.
                        known = model_name in self.records
                        expected = AccessError if known else (AccessError, MissingError)
                    elif model_name not in self.records:
                        # A dialog that the user could not have made: it fails one way or another.
                        expected = Exception
                    if not isinstance(error, expected):
                        reached.append(f"{user.login} got {error!r} from {model_name}.{method}")
        self.assertEqual(reached, [])

    @mute_logger(*_EXPECTED)
    def test_other_companys_manager_reaches_no_record(self):
        stranger = self.users["manager", "b"]
        reached = []
        for model_name, records in self.records.items():
            self.assertTrue(records, model_name)
            methods = OWN_METHODS.get(model_name, set()) | {
                "read",
                "write",
                "unlink",
                "copy",
                "export_data",
            }
            for method in sorted(methods):
                if (model_name, method) in HARMLESS or not self._public(model_name, method):
                    continue
                error = self._attempt(
                    stranger, model_name, method, self._arguments(model_name, method), records.ids
                )
                if not isinstance(error, AccessError | UserError):
                    reached.append(f"{model_name}.{method}: {error!r}")
            found = self.env(user=stranger, context={})[model_name].search(
                [("id", "in", records.ids)]
            )
            self.assertFalse(found, model_name)
        self.assertEqual(reached, [])

    def test_company_of_a_part_is_that_of_the_whole(self):
        """Record rules go by a stored company, and a stored related field can be written like any other."""
        writable = self.env["ir.model.access"].search(
            [("perm_write", "=", True), ("model_id.model", "in", self._suite_models())]
        )
        kept = self.env.registry.descendants(["finance.company.mixin"], "_inherit")
        followers = {
            model_name
            for model_name in writable.model_id.mapped("model")
            if (field := self.env[model_name]._fields.get("company_id"))
            and field.store
            and field.related
        }
        self.assertEqual(followers - _REFUSES_COMPANY - set(kept), set())
        for record in (self.connection.credential_ids, self.inbound.active_version_id):
            for user in (self.manager, self.env.user):
                with self.assertRaises(UserError):
                    record.with_user(user).write({"company_id": self.company_b.id})
            self.assertEqual(record.company_id, self.company_a)

    def test_nobodys_own_defaults_fill_what_the_machine_writes(self):
        """Every user may keep defaults, and the machine creates records in the name of whoever asked for it."""
        manager = self.env(user=self.manager, context={})
        filled, tried = [], set()
        for model in map(manager.__getitem__, self.env.registry):
            if model._abstract or model._transient:
                continue
            for name, field in model._fields.items():
                if field._module not in _ADDONS or field.type != "selection":
                    continue
                own = model.default_get([name]).get(name)
                others = {*field.get_values(manager)} - {own}
                if not (field.readonly and field.store and others):
                    continue
                value = min(others)
                told = model.with_context(**{f"default_{name}": value}).default_get([name])
                manager["ir.default"].set(model._name, name, value, user_id=True)
                tried.add(model._name)
                if [told.get(name), model.default_get([name]).get(name)] != [own, own]:
                    filled.append(f"{model._name}.{name}")
        self.assertEqual(filled, [])
        self.assertLessEqual(
            {
                "account.bank.statement.line",
                "bank.statement.match.rule",
                "finance.interface",
                "finance.interface.version",
                "treasury.payment.approval",
                "treasury.payment.hold",
                "treasury.payment.order",
            },
            tried,
        )

    def test_who_logs_in_runs_nothing_of_the_scheduler(self):
        """Odoo lets anybody run a server action by RPC; of ours, the methods behind them ask nobody."""
        crons = self.env["ir.cron"].with_context(active_test=False).search([])
        ours = crons.filtered(lambda cron: cron.model_id.model in self._suite_models())
        self.assertGreater(len(ours), 8)
        for action in ours.ir_actions_server_id:
            for user in (self.manager, self.api_user, self.portal):
                with self.assertRaises(AccessError):
                    call_kw(self.env(user=user)["ir.actions.server"], "run", [action.ids], {})
        heartbeat = self.env.ref("finance_connector_base.ir_cron_finance_heartbeat")
        heartbeat.user_id = self.manager
        call_kw(
            self.env(user=self.manager)["ir.actions.server"],
            "run",
            [heartbeat.ir_actions_server_id.ids],
            {},
        )

    @mute_logger(*_EXPECTED)
    def test_viewer_changes_nothing(self):
        before = (self.exchange.work_status, self.exchange.exception_ids.mapped("state"))
        for model_name, records in self.records.items():
            for method in ("write", "unlink", "create"):
                error = self._attempt(
                    self.viewer,
                    model_name,
                    method,
                    self._arguments(model_name, method),
                    records.ids,
                )
                self.assertIsInstance(error, AccessError, f"{model_name}.{method}")
        self.exchange.invalidate_recordset()
        self.assertEqual(
            (self.exchange.work_status, self.exchange.exception_ids.mapped("state")), before
        )

    def test_api_methods_ask_who_calls(self):
        self.viewer.company_ids = [Command.link(self.company_b.id)]
        for method in sorted(OWN_METHODS["finance.api"]):
            for user in (self.viewer, self.portal, self.public):
                error = self._attempt(
                    user, "finance.api", method, self._arguments("finance.api", method)
                )
                self.assertIsInstance(error, AccessError, f"{user.login} {method}")
