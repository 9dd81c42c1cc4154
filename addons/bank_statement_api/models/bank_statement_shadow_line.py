from odoo import api, fields, models

from odoo.addons.bank_statement_api.models.bank_statement_proof import API_FORMATS
from odoo.addons.bank_statement_api.tools import documents, identity, shadow


class BankStatementShadowLine(models.Model):
    """What a channel in shadow says is booked; kept while it is compared, and never booked from here."""

    _name = "bank.statement.shadow.line"
    _description = "Line of a Channel in Shadow"
    _order = "booking_date, id"
    _log_access = False

    interface_id = fields.Many2one(
        "finance.interface", required=True, readonly=True, index=True, ondelete="cascade"
    )
    exchange_id = fields.Many2one(
        "finance.exchange", readonly=True, index="btree_not_null", ondelete="set null"
    )
    journal_id = fields.Many2one(
        "account.journal", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="journal_id.company_id", store=True, index=True)
    booking_date = fields.Date(required=True, readonly=True)
    account_key = fields.Char(required=True, readonly=True)
    channel = fields.Char(required=True, readonly=True)
    bank_uid = fields.Char(readonly=True, help="The id that an interface uses.")
    fingerprint = fields.Char(required=True, readonly=True)
    fingerprint_version = fields.Integer(required=True, readonly=True)
    fingerprint_occurrence = fields.Integer(required=True, readonly=True)
    batch_part = fields.Integer(readonly=True)
    provider_uid = fields.Char(readonly=True)
    uid_strategy = fields.Integer(readonly=True)
    content = fields.Json(required=True, readonly=True, help="The transaction, in canonical form.")

    _fingerprint_uniq = models.Constraint(
        "UNIQUE(interface_id, journal_id, fingerprint, fingerprint_version, fingerprint_occurrence, batch_part)",
        "This line of the shadow is known.",
    )
    _day_idx = models.Index("(interface_id, journal_id, booking_date)")

    # === OBSERVE === #

    @api.model
    def _observe(self, exchange, plans):
        """Keep the booked lines of an exchange in shadow, each once however often it is told.

        :param exchange: ``finance.exchange``, one record
        :param plans: its planned statements
        :return: ``[journal id, first day, last day]`` of each statement that says which days it is about
        :rtype: list
        """
        seen = []
        for plan in plans:
            if plan.refusal or plan.statement.kind == documents.NOTIFICATION:
                continue
            with exchange._advisory_lock("journal", plan.journal.id):
                # A new snapshot: what another worker kept before it let go of the lock is visible now.
                exchange._checkpoint()
                self.sudo()._keep(exchange, plan.journal, plan.statement)
                exchange._checkpoint()
            if days := _days_of(plan.statement):
                seen.append([plan.journal.id, *(day.isoformat() for day in days)])
        return seen

    @api.model
    def _keep(self, exchange, journal, statement):
        domain = [("interface_id", "=", exchange.interface_id.id), ("journal_id", "=", journal.id)]
        self._forget_changed(domain, statement)
        booked = statement.booked
        if not booked:
            return
        importer = self.env["bank.statement.importer"]
        account_key = identity.account_key(
            statement.account, currency=importer._journal_currency(journal).name
        )
        days = {line.booking_date for line in booked}
        known = self.search([*domain, ("booking_date", "in", sorted(days))])
        recognitions = identity.recognise(
            account_key,
            booked,
            [line._as_known() for line in known],
            channel=statement.source_format,
            strategy=journal.uid_strategy,
        )
        self.create(
            [
                {
                    "interface_id": exchange.interface_id.id,
                    "exchange_id": exchange.id,
                    "journal_id": journal.id,
                    "booking_date": item.transaction.booking_date,
                    "account_key": account_key,
                    "channel": statement.source_format,
                    "bank_uid": item.transaction.provider_uid or False,
                    "fingerprint": item.key.fingerprint,
                    "fingerprint_version": item.key.version,
                    "fingerprint_occurrence": item.key.occurrence,
                    "batch_part": item.key.part,
                    "provider_uid": item.key.provider_uid or False,
                    "uid_strategy": item.key.strategy,
                    "content": documents.transaction_to_dict(item.transaction),
                }
                for item in recognitions
                if item.known is None
            ]
        )

    @api.model
    def _forget_changed(self, domain, statement):
        """Where ids last, the bank's latest word on a booking counts: nothing of it is in the books yet."""
        if statement.source_format not in identity.STABLE_ID_CHANNELS:
            return
        told = {
            line.provider_uid: (line.amount, line.booking_date)
            for line in statement.booked
            if line.provider_uid
        }
        names = [*told, *statement.withdrawn]
        self.search([*domain, ("bank_uid", "in", names)]).filtered(
            lambda line: told.get(line.bank_uid) != (line._transaction().amount, line.booking_date)
        ).unlink()

    # === READ === #

    def _transaction(self):
        self.ensure_one()
        return documents.transaction_from_dict(self.content)

    def _key(self):
        self.ensure_one()
        return identity.LineKey(
            fingerprint=self.fingerprint,
            version=self.fingerprint_version,
            occurrence=self.fingerprint_occurrence,
            part=self.batch_part,
            provider_uid=self.provider_uid or None,
            strategy=self.uid_strategy,
        )

    def _as_known(self):
        """:rtype: identity.KnownLine"""
        transaction = self._transaction()
        batch = transaction.batch
        return identity.KnownLine(
            id=self.id,
            key=self._key(),
            channel=self.channel,
            booking_date=self.booking_date,
            amount=batch.entry_amount if batch else transaction.amount,
            currency=transaction.currency,
            end_to_end_id=transaction.end_to_end_id,
            counterparty_iban=transaction.counterparty.iban,
            remittance=transaction.remittance_text,
        )

    def _as_told(self):
        """:rtype: shadow.Told"""
        return shadow.Told(
            id=self.id,
            account_key=self.account_key,
            channel=self.channel,
            key=self._key(),
            transaction=self._transaction(),
        )


def _days_of(statement):
    """:return: first and last day that a document speaks of; none of an interface's windows, whose feed knows better"""
    if statement.source_format in API_FORMATS:
        return None
    days = [line.booking_date for line in statement.booked]
    days += [statement.period_from, statement.period_to]
    days += [balance.date for balance in (statement.closing,) if balance]
    days = [day for day in days if day]
    return (min(days), max(days)) if days else None
