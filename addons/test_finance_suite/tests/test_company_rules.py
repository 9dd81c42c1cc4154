from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.finance_connector_base.tests.common import FinanceCase

_ADDONS = ("finance_connector_base", "bank_statement_api", "treasury_sync", "reporting_export")
_TREASURY_GROUPS = ("preparer", "approver", "cash_reader")
_EXPECTED = ("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule", "odoo.models")
_ROLES = ("viewer", "operator", "manager", "auditor", "api", *_TREASURY_GROUPS)
OF_NO_COMPANY = {
    "cash.position.group": "Of the entities it names, see test_cash_position.",
    "cash.position.run": "As its group.",
    "cash.position.run.line": "As its group.",
    "finance.audit.seal": "Digests alone: one chain for the whole database.",
    "finance.event.type": "A catalogue.",
    "finance.exception.deadline": "Hours by severity, for the whole database.",
    "finance.instance": "The database itself: whether it was restored.",
    "reporting.change": "Numbers of changed rows, for auditors.",
    "reporting.contract": "Which columns an export has, and no figures.",
    "reporting.contract.column": "As its contract.",
    "reporting.dataset": "As its contract.",
}
"""Stored models whose rows are of no one company, and why."""


@tagged("post_install", "-at_install")
class TestCompanyRules(FinanceCase):
    """Nothing of one company is seen from another: tried for every stored model, by a row that is put into its table.

    The rows are made from the tables' own columns, so that a new model without a record rule fails here before anybody
    has written a test of it.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for company, letter in ((cls.company_a, "a"), (cls.company_b, "b")):
            for group in _TREASURY_GROUPS:
                cls.users[group, letter] = cls.known_user(
                    f"{group}_{letter}", f"treasury_sync.group_treasury_{group}", company
                )
        cls.env.flush_all()
        cls.rows = {}
        for name in cls._stored_models():
            cls._row(name)
        cls.env.invalidate_all()

    @classmethod
    def _stored_models(cls):
        return sorted(
            name
            for name in cls.env.registry
            if cls.env.registry[name]._original_module in _ADDONS
            and cls.env.registry[name]._auto
            and not cls.env.registry[name]._abstract
        )

    # === ROWS === #

    @classmethod
    def _row(cls, model_name):
        """:return: id of a row of the model, all of whose owners are company A and its viewer"""
        if model_name in cls.rows:
            return cls.rows[model_name]
        model = cls.env[model_name]
        is_own = model._original_module in _ADDONS
        if not is_own and (row_id := cls._record_of_odoo(model)):
            cls.rows[model_name] = row_id
            return row_id
        cls._drop_checks(model)
        stored = [
            field
            for field in model._fields.values()
            if field.store and field.column_type and field.name != "id"
        ]
        needed = [
            field for field in stored if field.required or (is_own and field.type != "many2one")
        ]
        cls.rows[model_name] = cls._write(
            "INSERT INTO %s (%s) VALUES (%s) RETURNING id", model, needed
        )
        # Afterwards, since models may lead in a circle.
        rest = [field for field in stored if is_own and field not in needed]
        cls._write(
            "UPDATE %s SET (%s) = ROW (%s) WHERE id = %s RETURNING id",
            model,
            rest,
            cls.rows[model_name],
        )
        return cls.rows[model_name]

    @classmethod
    def _write(cls, statement, model, fields_, *more):
        values = {field.name: cls._value(field) for field in fields_}
        values = {name: value for name, value in values.items() if value is not None}
        if not values:
            return None
        [[row_id]] = cls.env.execute_query(
            SQL(
                statement,
                SQL.identifier(model._table),
                SQL(", ").join(map(SQL.identifier, values)),
                SQL(", ").join(SQL("%s", value) for value in values.values()),
                *more,
            )
        )
        return row_id

    @classmethod
    def _drop_checks(cls, model):
        """What values go together, and who may change them, is of no importance here; all of it is rolled back."""
        table = SQL.identifier(model._table)
        cls.env.cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER USER", table))
        for kind, name in cls.env.execute_query(
            SQL(
                """SELECT 'CONSTRAINT', conname FROM pg_constraint
                    WHERE conrelid = %(table)s::regclass AND contype IN ('c', 'u')
                   UNION ALL
                   SELECT 'INDEX', relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
                    WHERE indrelid = %(table)s::regclass AND indisunique AND NOT indisprimary
                      AND indexrelid NOT IN (SELECT conindid FROM pg_constraint)""",
                table=model._table,
            )
        ):
            of_table = SQL("ALTER TABLE %s ", table) if kind == "CONSTRAINT" else SQL("")
            cls.env.cr.execute(SQL("%sDROP %s %s", of_table, SQL(kind), SQL.identifier(name)))

    @classmethod
    def _record_of_odoo(cls, model):
        if model._name == "res.company":
            return cls.company_a.id
        if model._name == "res.users":
            return cls.viewer.id
        return model.with_context(active_test=False).search([], limit=1).id or None

    @classmethod
    def _value(cls, field):
        if field.name == "company_id":
            return cls.company_a.id
        if field.type == "many2one":
            return cls._row(field.comodel_name)
        if field.type == "selection":
            return next(iter(field.get_values(cls.env)), None)
        if not field.required:
            return None
        return {
            "boolean": True,
            "date": fields.Date.today(),
            "datetime": fields.Datetime.now(),
            "json": "{}",
            "binary": b"1",
        }.get(field.type, "1" if field.type in ("char", "text", "html") else 1)

    # === TESTS === #

    def _seen(self, user, model_name, row_id):
        """:return: the ways in which a user gets at a row, or learns that there is one"""
        model = self.env(user=user, context={"lang": "en_US"})[model_name]
        domain = [("id", "=", row_id)]
        ways = {
            "search": lambda: model.search(domain).ids,
            "search_count": lambda: model.search_count(domain),
            "search_read": lambda: model.search_read(domain, ["id"]),
            "web_search_read": lambda: model.web_search_read(domain, {"id": {}})["records"],
            "name_search": lambda: model.name_search("", domain),
            "group": lambda: model.formatted_read_group(domain, [], ["__count"])[0]["__count"],
            "read": lambda: model.browse(row_id).read(["display_name"]),
            "web_read": lambda: model.browse(row_id).web_read({"display_name": {}}),
            "export": lambda: model.browse(row_id).export_data(["id"]),
            **{
                operation: lambda operation=operation: model.browse(row_id).has_access(operation)
                for operation in ("write", "unlink")
            },
        }
        seen = []
        for way, attempt in ways.items():
            # As in a request of its own: what is in the cache is not asked for.
            self.env.invalidate_all(flush=False)
            try:
                if attempt():
                    seen.append(way)
            except (AccessError, UserError, TypeError):
                # In debug mode Odoo words its refusal with the company, of which an audit event keeps the number alone.
                continue
        return seen

    def _reached(self, model_names):
        """:return: model -> who of company B gets at its row of company A, and how"""
        reached = {}
        for model_name in model_names:
            for role in _ROLES:
                user = self.users[role, "b"]
                if not self.env[model_name].with_user(user).has_access("read"):
                    continue
                if seen := self._seen(user, model_name, self.rows[model_name]):
                    reached[model_name] = (role, *seen)
        return reached

    @mute_logger(*_EXPECTED)
    def test_rows_of_another_company_are_out_of_reach(self):
        models = [name for name in self._stored_models() if name not in OF_NO_COMPANY]
        self.assertGreater(len(models), 60)
        self.assertEqual(self._reached(models), {})

    @mute_logger(*_EXPECTED)
    def test_model_without_a_rule_would_be_noticed(self):
        models = {"finance.exchange.dry.run", "finance.exchange", "bank.statement.gap"}
        self.env["ir.rule"].search([("model_id.model", "in", list(models))]).unlink()
        self.assertEqual(self._reached(models).keys(), models)
