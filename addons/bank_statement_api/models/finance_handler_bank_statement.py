from dataclasses import dataclass
from datetime import date

from odoo import api, models

from odoo.addons.bank_statement_api.tools import (
    api_window,
    canonical,
    detect,
    gocardless,
    plaid,
    ponto,
)
from odoo.addons.bank_statement_api.tools.documents import AccountRef, Statement
from odoo.addons.finance_connector_base.tools.errors import BusinessError

for _format in (
    api_window.WINDOW,
    canonical.FORMAT,
    gocardless.FORMAT,
    plaid.FORMAT,
    ponto.FORMAT,
):
    detect.register(_format)


@dataclass(frozen=True)
class PlannedStatement:
    """A statement, where it will be booked and what stands against it.

    ``unit_key`` names the statement within its exchange; it holds no account number, since it is stored in clear.
    """

    unit_key: str
    statement: Statement
    journal: object
    refusal: BusinessError | None


class FinanceHandlerBankStatement(models.AbstractModel):
    """Bank statements, from any channel and format, into Odoo's own statement lines."""

    _name = "finance.handler.bank_statement"
    _inherit = "finance.handler"
    _description = "Handler of Bank Statements"

    _handler_label = "Bank statement"
    _direction = "inbound"

    @api.model
    def _validate(self, exchange, content):
        """:return: the canonical statements of all members of the file
        :rtype: list[Statement]
        :raise StatementFormatError: nothing of the file is used
        """
        filename = self._filename(exchange)
        options = self._options(exchange, filename)
        return [
            statement
            for member in detect.unpack(filename, content, table="profile" in options)
            for statement in member.format.read(
                member.content,
                **{name: options[name] for name in member.format.options if name in options},
            )
        ]

    @api.model
    def _options(self, exchange, filename):
        """How the files are to be read: what the uploader said, else the feed, else the interface.

        :rtype: dict
        """
        settings = exchange.version_id.settings or {}
        feed = self.env["bank.statement.feed"]._of_exchange(exchange, filename)
        told = {"details": settings.get("details", "split")}
        for layer in (feed._reading() if feed else {}, exchange.statement_reading or {}):
            told |= {name: value for name, value in layer.items() if value}
        journal = self.env["account.journal"].browse(told.pop("journal_id", None)).exists()
        if journal and journal.company_id == exchange.company_id:
            currency = journal.currency_id or journal.company_id.currency_id
            told["currency"] = currency.name
            if number := journal.bank_account_id.sanitized_acc_number:
                told["account"] = AccountRef(other_id=number, currency=currency.name)
        profile = self.env["bank.statement.profile"].browse(told.pop("profile_id", None)).exists()
        if profile and profile.company_id == exchange.company_id:
            told["profile"] = profile._to_profile()
        return told

    @api.model
    def _filename(self, exchange):
        content = exchange.sudo().payload_ids.filtered(lambda payload: payload.role == "content")
        return content[:1].filename or exchange.name

    @api.model
    def _transform(self, exchange, document):
        """:return: the statements with their journals
        :rtype: list[PlannedStatement]
        """
        importer = self.env["bank.statement.importer"]
        planned = []
        for number, statement in sorted(enumerate(document, start=1), key=_order_of_booking):
            journal, refusal = importer._find_journal(exchange, statement)
            planned.append(PlannedStatement(f"statement:{number}", statement, journal, refusal))
        return planned

    @api.model
    def _post(self, exchange, prepared):
        """Book each statement on its own; one that is held or refused leaves the others running."""
        importer = self.env["bank.statement.importer"]
        totals = {
            "statements": 0,
            "lines": 0,
            "set_based": 0,
            "by_orm": {},
            "duplicates": 0,
            "left_out": 0,
            "held": 0,
            "refused": 0,
            "pending": 0,
            "notifications": 0,
            "attached": 0,
            "remarks": 0,
        }
        for plan in prepared:
            counts = importer._import(exchange, plan)
            for reason, count in counts.pop("by_orm", {}).items():
                totals["by_orm"][reason] = totals["by_orm"].get(reason, 0) + count
            for key, count in counts.items():
                totals[key] += count
        return totals

    @api.model
    def _observe(self, exchange, result):
        """Keep what a shadow says is booked, for its comparison with the live channel."""
        if "error" in result:
            return {}
        prepared = self._transform(exchange, self._validate(exchange, exchange._content()))
        return {"observed": self.env["bank.statement.shadow.line"]._observe(exchange, prepared)}

    @api.model
    def _describe_result(self, result):
        told = []
        if lines := result.get("lines"):
            told.append(self.env._("%s lines booked", lines))
            by_orm = result.get("by_orm") or {}
            if set_based := result.get("set_based"):
                told.append(self.env._("%s of them all at once", set_based))
            told += [
                self.env._("%(count)s one by one (%(reason)s)", count=count, reason=reason)
                for reason, count in sorted(by_orm.items())
            ]
        for key, label in (
            ("duplicates", self.env._("%s known before", result.get("duplicates"))),
            (
                "left_out",
                self.env._("%s from before this channel took over", result.get("left_out")),
            ),
            ("pending", self.env._("%s not booked by the bank yet", result.get("pending"))),
            ("held", self.env._("%s statements held back", result.get("held"))),
            ("refused", self.env._("%s entries wait for a person", result.get("refused"))),
        ):
            if result.get(key):
                told.append(label)
        return self.env._("Finished: %s.", "; ".join(told)) if told else ""


def _order_of_booking(numbered):
    """Statements continue each other, whatever order the file holds them in."""
    _number, statement = numbered
    day = statement.opening.date if statement.opening else statement.period_from
    return day or date.min, statement.electronic_sequence or 0
