from dataclasses import dataclass
from datetime import date

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.reporting_export.tools.contract import (
    BOOLEAN,
    DATE,
    DECIMAL,
    INTEGER,
    STRING,
    TIMESTAMP,
)

_FIELD_TYPES = {
    STRING: {"char", "text", "selection", "many2one_reference_model"},
    INTEGER: {"integer", "many2one", "many2one_reference"},
    DECIMAL: {"monetary", "float", "integer"},
    DATE: {"date"},
    TIMESTAMP: {"datetime"},
    BOOLEAN: {"boolean"},
}
_RESULT_ACCOUNTS = (
    "income",
    "income_other",
    "expense",
    "expense_depreciation",
    "expense_direct_cost",
)
_SECRET_MODELS = ("res.users", "ir.", "finance.credential", "auth_")


@dataclass(frozen=True)
class Period:
    """Days that rows are read for, both included; ``name`` is that of their folder."""

    name: str
    start: date
    end: date


class ReportingQuery(models.AbstractModel):
    """Turns the columns of a contract into one SQL query, by the ORM's own knowledge of its fields."""

    _name = "reporting.query"
    _description = "Query of a Reporting Contract"

    @api.model
    def _rows(self, record, company, period, *, changed_since=None):
        """The query for the rows of one company and period, in the order of their key.

        :param record: ``reporting.contract``
        :param company: ``res.company``
        :param Period period: the days
        :param str changed_since: watermark; only rows changed after it
        :rtype: SQL
        """
        dataset = record.dataset_id
        source = self._reader(dataset._source(), company)
        contract = record._contract()
        start = None if contract.grouped else period.start
        domain = self._domain(dataset, company, start, period.end)
        query = source._search(domain, active_test=False, bypass_access=True)
        if changed_since:
            query.add_where(self._changed(dataset, source, query, changed_since))
        selected, plain = [], {}
        for column in contract.columns:
            sql = self._column(source, query, column)
            if column.aggregate:
                sql = self._aggregate(dataset, source, query, column, sql, period)
            else:
                plain[column.name] = sql
            selected.append(SQL("%s AS %s", sql, SQL.identifier(column.name)))
        if contract.grouped and plain:
            query.groupby = SQL(", ").join(plain.values())
        query.order = SQL(", ").join(plain[name] for name in contract.key)
        return query.select(*selected)

    @api.model
    def _extent(self, record, company, run, *, changed_since=None):
        """First and last day of the rows that a run has to read for a company, as a query.

        :param run: ``reporting.run``
        :rtype: SQL
        """
        dataset = record.dataset_id
        source = self._reader(dataset._source(), company)
        query = source._search(
            self._domain(dataset, company, run.date_from, run.date_to),
            active_test=False,
            bypass_access=True,
        )
        if changed_since:
            query.add_where(self._changed(dataset, source, query, changed_since))
        day = source._field_to_sql(query.table, dataset.date_field, query)
        return query.select(SQL("MIN(%s)", day), SQL("MAX(%s)", day))

    @api.model
    def _changed_ids(self, record, company, start, end, watermark):
        """Records of some days changed after a snapshot, also those that belong to the data set no longer.

        :rtype: SQL
        """
        dataset = record.dataset_id
        source = self._reader(dataset._source(), company)
        domain = Domain("company_id", "=", company.id)
        domain &= Domain(dataset.date_field, ">=", start) & Domain(dataset.date_field, "<=", end)
        query = source._search(domain, active_test=False, bypass_access=True)
        query.add_where(self._changed(dataset, source, query, watermark))
        return query.select()

    @api.model
    def _gone_ids(self, record, companies, run, watermark):
        """Ids of records changed after a snapshot that are no rows (any more), in their order.

        :rtype: SQL
        """
        dataset = record.dataset_id
        source = dataset._source()
        changed = [self.env["reporting.change"]._since(source._name, watermark)]
        for name in dataset._watched():
            comodel = source._fields[name].comodel_name
            changed.append(
                SQL(
                    "SELECT id FROM %s WHERE %s IN (%s)",
                    SQL.identifier(source._table),
                    SQL.identifier(name),
                    self.env["reporting.change"]._since(comodel, watermark),
                )
            )
        conditions = []
        for company in companies:
            reader = self._reader(source, company)
            rows = reader._search(
                self._domain(dataset, company, run.date_from, run.date_to),
                active_test=False,
                bypass_access=True,
            )
            conditions.append(SQL("id NOT IN (%s)", rows.select()))
        return SQL(
            "SELECT DISTINCT id FROM (%s) AS changed (id) WHERE %s AND NOT EXISTS ("
            "SELECT FROM %s other WHERE other.id = changed.id AND other.company_id != ALL(%s))"
            " ORDER BY id",
            SQL(" UNION ALL ").join(changed),
            SQL(" AND ").join(conditions),
            SQL.identifier(source._table),
            companies.ids,
        )

    @api.model
    def _count(self, record, company, period):
        """The number of records of a period, as the ORM's own search counts them."""
        dataset = record.dataset_id
        source = self._reader(dataset._source(), company)
        query = source._search(
            self._domain(dataset, company, period.start, period.end),
            active_test=False,
            bypass_access=True,
        )
        return query.select(SQL("COUNT(*)"))

    @api.model
    def _domain(self, dataset, company, start, end):
        domain = dataset._source_domain() & Domain("company_id", "=", company.id)
        if start:
            domain &= Domain(dataset.date_field, ">=", start)
        if end:
            domain &= Domain(dataset.date_field, "<=", end)
        return domain

    @api.model
    def _ledger_totals(self, record, company, period):
        """Rows and sums by account and currency straight from the tables, by another way than :meth:`_rows`.

        :return: query of account code, currency name, count and, as text, one sum for each proven column
        :rtype: SQL
        """
        contract = record._contract()
        sums = {
            # As text: Odoo reads numbers from the database as floats.
            column.name: SQL(
                "COALESCE(SUM(%s), 0)::text", SQL.identifier("line", column.path.split(".")[-1])
            )
            for column in contract.columns
            if column.name in contract.sums
        }
        return SQL(
            """SELECT account.code_store->>%s, currency.name, COUNT(*), %s
                 FROM account_move_line line
                 JOIN account_move move ON move.id = line.move_id
                 JOIN account_account account ON account.id = line.account_id
                 JOIN res_currency currency ON currency.id = %s
                WHERE move.company_id = %s AND move.state = 'posted' AND line.date BETWEEN %s AND %s
                  AND line.display_type NOT IN ('line_section', 'line_subsection', 'line_note')
                GROUP BY 1, 2""",
            str(company.root_id.id),
            SQL(", ").join(sums[name] for name in contract.sums),
            SQL("line.currency_id") if contract.currency else SQL("line.company_currency_id"),
            company.id,
            period.start,
            period.end,
        )

    @api.model
    def _problems(self, record):
        """:return: what of the contract Odoo does not know or may not give away, one sentence each
        :rtype: list[str]
        """
        told = []
        source = record.dataset_id._source()
        for column in record._contract().columns:
            try:
                model, name = self._walk(source, column.path)
            except KeyError as error:
                told.append(
                    self.env._(
                        "Column %(column)s: %(path)s leads to no field (%(part)s).",
                        column=column.name,
                        path=column.path,
                        part=error.args[0],
                    )
                )
                continue
            field = model._fields[name]
            if field.groups or field.type == "binary" or model._name.startswith(_SECRET_MODELS):
                told.append(
                    self.env._(
                        "Column %(column)s: %(path)s is not for export.",
                        column=column.name,
                        path=column.path,
                    )
                )
            elif field.type not in _FIELD_TYPES[column.type] and column.aggregate != "count":
                told.append(
                    self.env._(
                        "Column %(column)s is %(wanted)s, but %(path)s is %(actual)s.",
                        column=column.name,
                        wanted=column.type,
                        path=column.path,
                        actual=field.type,
                    )
                )
        return told

    @api.model
    def _sources(self, record):
        """:return: model and field that each column is read from
        :rtype: dict[str, tuple[str, str]]
        """
        source = record.dataset_id._source()
        return {
            column.name: (model._name, name)
            for column in record._contract().columns
            for model, name in [self._walk(source, column.path)]
        }

    # === PARTS === #

    @api.model
    def _reader(self, source, company):
        """The source as the export reads it: all rows of one company, texts in English, whoever asked."""
        return (
            source.sudo()
            .with_company(company)
            .with_context(allowed_company_ids=company.ids, lang="en_US", prefetch_fields=False)
        )

    @api.model
    def _walk(self, model, path):
        """:return: the model and field that a path ends at
        :raise KeyError: names the part that leads nowhere
        """
        *steps, last = path.split(".")
        for step in steps:
            field = model._fields.get(step)
            if field is None or field.type != "many2one":
                raise KeyError(step)
            model = self.env[field.comodel_name]
        if last not in model._fields:
            raise KeyError(last)
        return model, last

    @api.model
    def _column(self, source, query, column):
        model, alias = source, query.table
        *steps, last = column.path.split(".")
        for step in steps:
            comodel = model.env[model._fields[step].comodel_name]
            alias = query.left_join(alias, step, comodel._table, "id", step)
            model = comodel
        sql = model._field_to_sql(alias, last, query)
        if column.type == DECIMAL and model._fields[last].type == "float":
            # Some of Odoo's floats are double precision columns, whose sums depend on their order.
            sql = SQL("%s::numeric", sql)
        return sql

    @api.model
    def _aggregate(self, dataset, source, query, column, sql, period):
        day = source._field_to_sql(query.table, dataset.date_field, query)
        if column.aggregate == "count":
            return SQL("COUNT(%s)", sql)
        total = SQL("COALESCE(SUM(%s), 0)", sql)
        if column.aggregate == "before":
            condition = SQL("%s < %s", day, period.start)
            if source._name == "account.move.line":
                condition = SQL(
                    "%s AND %s", condition, self._carried_forward(source, query, day, period)
                )
            return SQL("COALESCE(SUM(%s) FILTER (WHERE %s), 0)", sql, condition)
        if column.aggregate == "within":
            return SQL("COALESCE(SUM(%s) FILTER (WHERE %s >= %s), 0)", sql, day, period.start)
        if column.aggregate == "until" and source._name == "account.move.line":
            condition = self._carried_forward(source, query, day, period)
            return SQL("COALESCE(SUM(%s) FILTER (WHERE %s), 0)", sql, condition)
        return total

    @api.model
    def _carried_forward(self, source, query, day, period):
        """Income and expenses begin each fiscal year at zero; what is older is in the balance of equity."""
        account = query.left_join(query.table, "account_id", "account_account", "id", "account_id")
        year_start = source.env.company.compute_fiscalyear_dates(period.start)["date_from"]
        return SQL(
            "(%s NOT IN %s OR %s >= %s)",
            SQL.identifier(account, "account_type"),
            _RESULT_ACCOUNTS,
            day,
            year_start,
        )

    @api.model
    def _changed(self, dataset, source, query, watermark):
        change = self.env["reporting.change"]
        conditions = [
            SQL(
                "%s IN (%s)",
                SQL.identifier(query.table, "id"),
                change._since(source._name, watermark),
            )
        ]
        for name in dataset._watched():
            conditions.append(
                SQL(
                    "%s IN (%s)",
                    SQL.identifier(query.table, name),
                    change._since(source._fields[name].comodel_name, watermark),
                )
            )
        return SQL("(%s)", SQL(" OR ").join(conditions))
