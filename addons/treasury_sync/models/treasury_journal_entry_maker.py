import datetime
from decimal import Decimal

from odoo import Command, api, models

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import journal_documents


class TreasuryJournalEntryMaker(models.AbstractModel):
    """Makes the entries of a journal document: codes by the mapping tables, amounts proven, period open."""

    _name = "treasury.journal.entry.maker"
    _description = "Entries of Journal Documents"

    @api.model
    def _policy(self, exchange):
        return (exchange.version_id.settings or {}).get("policy", "draft")

    @api.model
    def _make(self, exchange, document):
        """Book one document, an entry for each of its entities.

        :param document: of ``tools.journal_documents``
        :return: entries, none where something is wrong; and what is wrong: (row, code, message, evidence)
        :rtype: tuple
        """
        company = exchange.company_id
        problems = [
            (item.row, item.code, item.message, {})
            for item in journal_documents.problems(document, company.currency_id.name)
        ]
        heads, lines = {}, {}
        for line in document.lines:
            try:
                entity = line.entity or document.entity
                if entity not in heads:
                    heads[entity] = None
                    heads[entity] = self._head(exchange, document, entity)
                if heads[entity]:
                    vals = self._line(exchange, heads[entity], document, line)
                    lines.setdefault(entity, []).append((line, vals))
            except BusinessError as error:
                problems.append((line.row, error.code, error.message, error.evidence))
        if problems:
            return self.env["account.move"], problems
        moves = self.env["account.move"]
        for entity, own in lines.items():
            moves |= self._create_entry(exchange, document, heads[entity], own)
        if self._policy(exchange) == "post":
            moves.action_post()
        return moves, []

    # === HEAD === #

    @api.model
    def _head(self, exchange, document, entity):
        """:return: company, journal and day of an entity's entry"""
        company = exchange.company_id
        if entity:
            company = self._resolve(exchange, "entity", entity, exchange.company_id)
            if company not in exchange.company_id | exchange.company_id.child_ids:
                raise BusinessError(
                    "journal_entity_foreign",
                    self.env._(
                        "Entity “%(entity)s” is %(company)s, and this interface books for %(own)s.",
                        entity=entity,
                        company=company.name,
                        own=exchange.company_id.name,
                    ),
                )
        date = datetime.date.fromisoformat(document.date)
        journal = self._journal(exchange, document, company)
        self._check_period(company, journal, date, any(line.tax for line in document.lines))
        return company, journal, date

    @api.model
    def _journal(self, exchange, document, company):
        if document.journal:
            return self._resolve(exchange, "journal", document.journal, company)
        code = (exchange.version_id.settings or {}).get("journal")
        journal = self.env["account.journal"].search(
            [
                ("type", "=", "general"),
                ("company_id", "=", company.id),
                *([("code", "=", code)] if code else []),
            ],
            limit=1,
        )
        if not journal:
            raise BusinessError(
                "journal_row_invalid",
                self.env._("%(company)s has no journal %(code)s.", company=company.name, code=code),
            )
        return journal

    @api.model
    def _check_period(self, company, journal, date, has_tax):
        """:raise BusinessError: the day is locked; Odoo would silently book on another one"""
        if locks := company._get_violated_lock_dates(date, bool(has_tax), journal):
            raise BusinessError(
                "journal_period_closed",
                self.env._(
                    "%(date)s lies in a period that is locked until %(lock)s.",
                    date=date,
                    lock=locks[-1][0],
                ),
                evidence={"date": date.isoformat()},
            )

    @api.model
    def _resolve(self, exchange, kind, code, company):
        return self.env["finance.mapping.table"]._resolve(
            kind, code, connection=exchange.connection_id, company=company
        )

    # === LINES === #

    @api.model
    def _line(self, exchange, head, document, line):
        company, _journal, date = head
        vals = {
            "account_id": self._resolve(exchange, "account", line.account, company).id,
            "name": line.text or document.reference or document.document_id,
        }
        if line.partner:
            vals["partner_id"] = self._resolve(exchange, "counterparty", line.partner, company).id
        if line.tax:
            vals |= self._tax(self._resolve(exchange, "tax", line.tax, company), line)
        currency = self._currency(document, line, company)
        self._rate(company, currency, date)
        vals["currency_id"] = currency.id
        return vals

    @api.model
    def _tax(self, tax, line):
        kind = "tax" if line.tax_line else "base"
        repartition = tax.invoice_repartition_line_ids.filtered(
            lambda item: item.repartition_type == kind and (kind == "base" or item.factor > 0)
        )[:1]
        vals = {"tax_tag_ids": [Command.set(repartition.tag_ids.ids)]}
        if line.tax_line:
            return vals | {"tax_repartition_line_id": repartition.id}
        return vals | {"tax_ids": [Command.set(tax.ids)]}

    @api.model
    def _currency(self, document, line, company):
        name = line.currency or document.currency or company.currency_id.name
        currency = self.env["res.currency"].search([("name", "=", name)])
        if not currency:
            raise BusinessError(
                "journal_row_invalid",
                self.env._("%s is not in use here: activate the currency.", name),
            )
        return currency

    @api.model
    def _rate(self, company, currency, date):
        """:return: units of the company's currency for one, exact
        :raise BusinessError: no rate is known, which never means a rate of one
        """
        if currency == company.currency_id:
            return Decimal(1)
        rate = self.env["res.currency.rate"].search(
            [
                ("currency_id", "=", currency.id),
                ("name", "<=", date),
                ("company_id", "in", [False, company.root_id.id]),
            ],
            order="name desc, company_id",
            limit=1,
        )
        if not rate:
            raise BusinessError(
                "journal_rate_missing",
                self.env._(
                    "No rate of %(currency)s is known for %(date)s.",
                    currency=currency.name,
                    date=date,
                ),
                evidence={"currency": currency.name, "date": date.isoformat()},
            )
        return Decimal(
            repr(currency._get_conversion_rate(currency, company.currency_id, company, date))
        )

    # === ENTRY === #

    @api.model
    def _create_entry(self, exchange, document, head, own):
        company, journal, date = head
        by_currency = {}
        for line, vals in own:
            by_currency.setdefault(vals["currency_id"], []).append((line, vals))
        for currency_id, group in by_currency.items():
            currency = self.env["res.currency"].browse(currency_id)
            amounts = [journal_documents.amount_of(line, currency.name) for line, _vals in group]
            balances = journal_documents.convert(
                amounts,
                self._rate(company, currency, date),
                company.currency_id.decimal_places,
            )
            for (_line, vals), amount, balance in zip(group, amounts, balances, strict=True):
                vals |= {"amount_currency": float(amount), "balance": float(balance)}
        # The sender's tax rows are its own: Odoo makes none of its own beside them.
        return (
            self.env["account.move"]
            .with_company(company)
            .with_context(skip_invoice_sync=True)
            .create(
                {
                    "move_type": "entry",
                    "journal_id": journal.id,
                    "company_id": company.id,
                    "date": date,
                    "ref": document.reference or document.document_id,
                    "line_ids": [Command.create(vals) for _line, vals in own],
                }
            )
        ).with_context(skip_invoice_sync=False)
