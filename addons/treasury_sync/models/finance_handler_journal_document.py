import datetime

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import journal_documents


class FinanceHandlerJournalDocument(models.AbstractModel):
    """Journals of payroll, treasury, expense tools and other finance systems, over ``finance.api`` or as CSV.

    A document is booked whole or not at all, each on its own; what is wrong is told by row. Settings of the version:
    ``policy`` (``draft``, the default, or ``post``), ``journal`` (code of the journal of documents that name none), and
    for CSV ``columns``, ``delimiter``, ``decimal_mark`` and ``date_format``.
    """

    _name = "finance.handler.journal_document"
    _inherit = "finance.handler"
    _description = "Handler of Journal Documents"

    _handler_label = "Journals from outside"
    _direction = "inbound"

    @api.model
    def _validate(self, exchange, content):
        """:rtype: journal_documents.Batch"""
        return journal_documents.read(content, exchange.version_id.settings or {})

    @api.model
    def _post(self, exchange, prepared):
        told = {"booked": 0, "known": 0, "refused": 0, "documents": {}}
        # A number that two messages bring at once is booked once: they take turns, each with a snapshot younger than
        # the lock.
        with exchange._advisory_lock("journal", f"documents:{exchange.connection_id.id}"):
            exchange._checkpoint()
            for document in prepared.documents:
                outcome, entries = self._book_document(exchange, prepared, document)
                told[outcome] += 1
                told["documents"][document.document_id] = entries or outcome
            exchange._checkpoint()
        return told

    @api.model
    def _book_document(self, exchange, batch, document):
        """:return: what became of it, and the names of its entries"""
        registry = self.env["treasury.journal.document"]
        known = registry._known(exchange, document.document_id)
        if known.is_booked:
            if known.digest == document.digest:
                return "known", known.move_ids.mapped("name")
            exchange._open_exception(
                "journal_document_changed",
                self.env._(
                    "%s was booked before with other content; the first one counts.",
                    document.document_id,
                ),
                evidence={"document": document.document_id, "booked_by": known.exchange_id.name},
                unit_key=f"document:{document.document_id}",
                record=known,
            )
            return "refused", None
        problems, moves, reverses = [], None, registry
        try:
            with self.env.cr.savepoint():
                if document.reverses:
                    reverses = self._to_reverse(exchange, document)
                    moves = self._reverse(exchange, document, reverses)
                else:
                    moves, problems = self.env["treasury.journal.entry.maker"]._make(
                        exchange, document
                    )
        except BusinessError as error:
            problems = [(0, error.code, error.message, error.evidence)]
        except UserError as error:
            problems = [(0, "refused_by_odoo", str(error), {})]
        texts = []
        for row, code, message, evidence in problems:
            place = self.env._("row %s", row) if row else self.env._("the document")
            texts.append(f"{place}: {message}")
            exchange._open_exception(
                code,
                self.env._(
                    "%(document)s, %(place)s: %(message)s",
                    document=document.document_id,
                    place=place,
                    message=message,
                ),
                evidence={"document": document.document_id, "row": row, **evidence},
                unit_key=f"document:{document.document_id}:{row}:{len(texts)}",
            )
        booked = None if problems else moves
        registry._remember(
            exchange,
            document,
            batch=batch.batch_id,
            moves=booked,
            problems=texts,
            reverses=reverses if booked is not None else None,
        )
        return ("refused", None) if problems else ("booked", booked.mapped("name"))

    # === REVERSAL === #

    @api.model
    def _to_reverse(self, exchange, document):
        original = self.env["treasury.journal.document"]._known(exchange, document.reverses)
        posted = original.move_ids and all(move.state == "posted" for move in original.move_ids)
        if not original.is_booked or not posted:
            raise BusinessError(
                "journal_reversal_unknown",
                self.env._("It takes back %s, which is not posted here.", document.reverses),
            )
        if any(original.reversed_by_ids.mapped("is_booked")):
            raise BusinessError(
                "journal_reversal_unknown",
                self.env._("It takes back %s, which was taken back before.", document.reverses),
            )
        return original

    @api.model
    def _reverse(self, exchange, document, original):
        try:
            date = datetime.date.fromisoformat(document.date)
        except ValueError as error:
            raise BusinessError(
                "journal_row_invalid",
                self.env._("“%s” is no date of the form agreed.", document.date),
            ) from error
        maker = self.env["treasury.journal.entry.maker"]
        for move in original.move_ids:
            maker._check_period(move.company_id, move.journal_id, date, move.line_ids.tax_ids)
        reversals = original.move_ids.sudo()._reverse_moves(
            [
                {"date": date, "ref": document.reference or document.document_id}
                for _move in original.move_ids
            ]
        )
        if maker._policy(exchange) == "post":
            reversals.action_post()
        return reversals

    @api.model
    def _describe_result(self, result):
        return self.env._(
            "Finished: %(booked)s documents booked, %(known)s known before, %(refused)s refused.",
            booked=result.get("booked", 0),
            known=result.get("known", 0),
            refused=result.get("refused", 0),
        )
