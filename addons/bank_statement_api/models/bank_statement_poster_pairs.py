from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.bank_statement_api.tools import posting

from .bank_statement_line_rows import PARTNER_COLUMNS
from .bank_statement_line_writer import KNOWN_MODULES

MIN_PAIRS = 25
"""Below this the ORM is as fast."""
MODELS = (
    "account.bank.statement.line",
    "account.move",
    "account.move.line",
    "account.partial.reconcile",
    "account.full.reconcile",
)
WATCHED_METHODS = (
    "create",
    "write",
    "unlink",
    "reconcile",
    "_reconcile_plan",
    "_reconcile_plan_with_sync",
    "_reconcile_pre_hook",
    "_reconcile_post_hook",
    "_compute_payment_state",
    "_compute_amount",
    "_compute_amount_residual",
)
CHANGED_FIELDS = {
    "account.bank.statement.line": ("is_reconciled", "amount_residual", "partner_id"),
    "account.move": ("payment_state", "amount_residual", "partner_id"),
    "account.move.line": ("account_id", "amount_residual", "full_reconcile_id", "reconciled"),
}


class BankStatementPosterPairs(models.AbstractModel):
    """One line against one open invoice, by the thousand, as the rows that Odoo would have left one by one.

    A pair of each kind is posted through the ORM, in a savepoint that is rolled back. What is written here for the same
    pair has to equal it in every column of every row, chatter included; else all of them go through the ORM. That its
    rows in turn are those of Odoo's own code, line by line, is what the tests compare.
    """

    _name = "bank.statement.poster.pairs"
    _description = "Posting of Plain Pairs"

    # === WHETHER === #

    @api.model
    def _why_not(self, company, facts):
        """:return: why Odoo has to reconcile these pairs of a company itself, or ``None``"""
        if len(facts) < MIN_PAIRS:
            return "few pairs"
        if company.tax_exigibility:
            return "cash-basis taxes"
        if company.restrictive_audit_trail or company.account_storno:
            return "storno accounting or restrictive audit trail"
        if not self.env["bank.statement.poster.entry"]._has_no_analytic():
            # One that names the partner of some pairs would not show in the sample of another.
            return "analytic models"
        journals = self.env["account.journal"].browse({fact["journal_id"] for fact in facts})
        if journals.suspense_account_id.filtered("reconcile"):
            return "reconciliation on the suspense account"
        first_day = min(fact["date"] for fact in facts)
        if any(company._get_violated_lock_dates(first_day, True, journal) for journal in journals):
            return "a lock date"
        if "base.automation" in self.env and self.env["base.automation"].sudo().search_count(
            [("model_id.model", "in", MODELS)], limit=1
        ):
            return "automation rules"
        writer = self.env["bank.statement.line.writer"]
        return writer._foreign_override(MODELS, WATCHED_METHODS) or self._foreign_dependent()

    @api.model
    def _foreign_dependent(self):
        """:return: a stored field of a module not known here that follows from what is written, or ``None``"""
        registry = self.env.registry
        for model, names in CHANGED_FIELDS.items():
            for name in names:
                for dependent in registry.get_dependent_fields(self.env[model]._fields[name]):
                    if dependent.store and not f"odoo.addons.{dependent._module}.".startswith(
                        KNOWN_MODULES
                    ):
                        return f"{dependent} depends on {model}.{name}"
        return None

    # === WHICH === #

    @api.model
    def _facts(self, proposals):
        """Those of the proposals that are plain, with what is needed to write them.

        Plain is: all of an invoice that is open as a whole, on one item, in the company's currency, for a line of the
        same amount that nobody has touched. Whatever else can be at work is left to Odoo: payments under way, early
        discounts, instalments, blocked invoices, hashed entries, foreign currencies, analytic distributions, followers
        who are told that it was paid, a partner new to the line who has bank accounts.

        :return: one dictionary for each
        :rtype: list
        """
        pairs = [
            (proposal.line_id, proposal.allocations[0].item_id, proposal.allocations[0].amount)
            for proposal in proposals
            if proposal.is_pair
            and proposal.allocations[0].paid in (None, proposal.allocations[0].amount)
        ]
        if not pairs:
            return []
        line_ids, item_ids, amounts = (list(column) for column in zip(*pairs, strict=True))
        # From the pairs on, in the order that is written: by its statistics PostgreSQL may begin with all that waits on
        # the suspense account, and look for the amount of each pair among it; and it plans for longer than it reads.
        self.env.cr.execute("SET LOCAL join_collapse_limit = 1")
        self.env.cr.execute(
            SQL(
                """
                SELECT line.id AS line_id, bank.id AS bank_id, liquidity.id AS liquidity_id,
                       suspense.id AS suspense_id, suspense.name AS suspense_name,
                       suspense.account_id AS suspense_account_id, suspense.balance AS balance,
                       item.id AS item_id, item.account_id AS account_id, item.partner_id AS partner_id,
                       COALESCE(NULLIF(item.name, ''), invoice.name) AS name,
                       invoice.id AS invoice_id, line.partner_id AS old_partner_id,
                       line.company_id AS company_id, bank.date AS date, journal.id AS journal_id,
                       GREATEST(bank.date, item.date) AS max_date
                  FROM unnest(%(lines)s::int[], %(items)s::int[], %(amounts)s::numeric[]) pair (line, item, amount)
                  JOIN account_bank_statement_line line ON line.id = pair.line
                  JOIN account_move bank ON bank.id = line.move_id
                  JOIN account_journal journal ON journal.id = bank.journal_id
                  JOIN account_move_line suspense
                    ON suspense.move_id = bank.id AND suspense.account_id = journal.suspense_account_id
                  JOIN account_move_line liquidity
                    ON liquidity.move_id = bank.id AND liquidity.account_id = journal.default_account_id
                  JOIN account_move_line item ON item.id = pair.item
                  JOIN account_move invoice ON invoice.id = item.move_id
                  JOIN account_account account ON account.id = item.account_id
                 WHERE bank.state = 'posted' AND bank.inalterable_hash IS NULL
                   AND journal.restrict_mode_hash_table IS NOT TRUE
                   AND line.is_reconciled IS NOT TRUE AND line.foreign_currency_id IS NULL
                   AND (SELECT count(*) FROM account_move_line WHERE move_id = bank.id) = 2
                   AND suspense.currency_id = suspense.company_currency_id
                   AND suspense.analytic_distribution IS NULL
                   AND item.currency_id = item.company_currency_id
                   AND item.company_id = line.company_id AND item.partner_id IS NOT NULL
                   AND item.parent_state = 'posted' AND item.reconciled IS NOT TRUE
                   AND item.matching_number IS NULL AND item.full_reconcile_id IS NULL
                   AND item.payment_id IS NULL AND item.discount_date IS NULL
                   AND item.amount_residual = item.balance
                   AND item.amount_residual = pair.amount AND suspense.balance = -pair.amount
                   AND account.reconcile
                   AND account.account_type IN ('asset_receivable', 'liability_payable')
                   AND invoice.move_type IN ('out_invoice', 'out_refund', 'in_invoice', 'in_refund')
                   AND invoice.payment_state = 'not_paid' AND invoice.origin_payment_id IS NULL
                   AND abs(invoice.amount_residual) = abs(item.amount_residual)
                   AND NOT EXISTS (
                        SELECT FROM account_move_line other
                         WHERE other.move_id = invoice.id AND other.id != item.id
                           AND other.display_type = 'payment_term')
                   AND NOT EXISTS (
                        SELECT FROM account_move__account_payment paid WHERE paid.invoice_id = invoice.id)
                   AND NOT EXISTS (
                        SELECT FROM mail_followers follower
                          JOIN mail_followers_mail_message_subtype_rel told
                            ON told.mail_followers_id = follower.id
                         WHERE follower.res_model = 'account.move' AND follower.res_id = invoice.id
                           AND told.mail_message_subtype_id = %(paid)s)
                   AND (line.partner_id = item.partner_id
                        OR NOT EXISTS (
                            SELECT FROM res_partner partner
                              JOIN res_partner_bank bank_account
                                ON bank_account.partner_id = partner.commercial_partner_id
                             WHERE partner.id IN (item.partner_id, line.partner_id)))
                """,
                lines=line_ids,
                items=item_ids,
                amounts=amounts,
                paid=self.env.ref("account.mt_invoice_paid").id,
            )
        )
        by_line = {fact["line_id"]: fact for fact in self.env.cr.dictfetchall()}
        self.env.cr.execute("SET LOCAL join_collapse_limit TO DEFAULT")
        facts, seen = [], set()
        for proposal in proposals:
            fact = by_line.get(proposal.line_id)
            if (
                fact
                and proposal.partner_id in (None, fact["partner_id"])
                and fact["invoice_id"] not in seen
            ):
                seen.add(fact["invoice_id"])
                facts.append(fact)
        return facts

    @api.model
    def _kind(self, fact):
        """Pairs of one kind get the same messages, and their rows change alike."""
        return (
            fact["journal_id"],
            fact["balance"] > 0,
            fact["account_id"],
            bool(fact["old_partner_id"]),
            fact["old_partner_id"] == fact["partner_id"],
        )

    # === HOW === #

    @api.model
    def _post(self, facts):
        """:param facts: of :meth:`_facts`, of one kind
        :raise DifferentRowError: Odoo leaves other rows; nothing was written
        """
        self.env.flush_all()
        [[last_message_id]] = self.env.execute_query(SQL("SELECT max(id) FROM mail_message"))
        sample = {**facts[0], "last_message_id": last_message_id or 0}
        with self.env.cr.savepoint() as savepoint:
            self._through_orm(sample)
            # As a commit does; it is then that Odoo writes what it tracked.
            self.env.cr.flush()
            theirs = self._rows_of(sample)
            savepoint.rollback()
        with self.env.cr.savepoint():
            # All at once, as each statement costs as much as many rows; a difference takes all of it back.
            self._write_rows(facts, theirs["message"])
            self._compare(self._rows_of(sample), theirs)
        self.env.invalidate_all()
        self.env["account.move"].browse([fact["invoice_id"] for fact in facts])._invoice_paid_hook()

    @api.model
    def _through_orm(self, fact):
        """Post a pair the way that all of them go when they are not written set-based."""
        proposal = posting.Proposal(fact["line_id"], (self._allocation(fact),))
        self.env["bank.statement.poster"]._post([proposal])

    @api.model
    def _allocation(self, fact):
        item = self.env["account.move.line"].browse(fact["item_id"])
        exact = self.env["bank.statement.poster"]._exact
        return posting.Allocation(item.id, exact(item.currency_id, item.amount_residual))

    @api.model
    def _write_rows(self, facts, said):
        """:param said: the messages that Odoo wrote for a pair of the kind"""
        count = len(facts)
        now, uid = fields.Datetime.now(), self.env.uid
        full_ids = self._next_ids("account_full_reconcile", count)
        partial_ids = self._next_ids("account_partial_reconcile", count)
        counterpart_ids = self._next_ids("account_move_line", count)
        self.env.cr.execute(
            SQL(
                """CREATE TEMP TABLE posted_pair ON COMMIT DROP AS
                   SELECT * FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::int[], %s::date[]) AS pair (
                       line_id, bank_id, liquidity_id, suspense_id, item_id, invoice_id, account_id, partner_id,
                       full_id, partial_id, counterpart_id, max_date)""",
                *(
                    [fact[name] for fact in facts]
                    for name in (
                        "line_id",
                        "bank_id",
                        "liquidity_id",
                        "suspense_id",
                        "item_id",
                        "invoice_id",
                        "account_id",
                        "partner_id",
                    )
                ),
                full_ids,
                partial_ids,
                counterpart_ids,
                [fact["max_date"] for fact in facts],
            )
        )
        self._write_counterparts(facts, uid, now)
        self._write_reconciliation(uid, now)
        self._write_bank_entries(facts, uid, now)
        self.env.cr.execute("DROP TABLE posted_pair")
        self._write_chatter(facts, counterpart_ids, said, uid, now)

    @api.model
    def _write_counterparts(self, facts, uid, now):
        """An item on the invoice's account in place of the one on the suspense account, equal to it but for that."""
        changed = {
            "id": SQL("pair.counterpart_id"),
            "account_id": SQL("pair.account_id"),
            "partner_id": SQL("pair.partner_id"),
            "name": SQL("COALESCE(NULLIF(item.name, ''), invoice.name)"),
            "full_reconcile_id": SQL("pair.full_id"),
            "matching_number": SQL("pair.full_id::text"),
            "reconciled": SQL("TRUE"),
            "create_uid": SQL("%s", uid),
            "write_uid": SQL("%s", uid),
            "create_date": SQL("%s", now),
            "write_date": SQL("%s", now),
        }
        columns = self._columns("account_move_line")
        self.env.cr.execute(
            SQL(
                "INSERT INTO account_full_reconcile (id, create_uid, write_uid, create_date, write_date)"
                " SELECT full_id, %s, %s, %s, %s FROM posted_pair",
                uid,
                uid,
                now,
                now,
            )
        )
        self.env.cr.execute(
            SQL(
                """INSERT INTO account_move_line (%s)
                   SELECT %s FROM posted_pair pair
                     JOIN account_move_line suspense ON suspense.id = pair.suspense_id
                     JOIN account_move_line item ON item.id = pair.item_id
                     JOIN account_move invoice ON invoice.id = pair.invoice_id""",
                SQL(", ").join(map(SQL.identifier, columns)),
                SQL(", ").join(
                    changed.get(column) or SQL.identifier("suspense", column) for column in columns
                ),
            )
        )
        self.env.cr.execute(
            "DELETE FROM account_move_line WHERE id IN (SELECT suspense_id FROM posted_pair)"
        )

    @api.model
    def _write_reconciliation(self, uid, now):
        self.env.cr.execute(
            SQL(
                """INSERT INTO account_partial_reconcile (id, debit_move_id, credit_move_id, full_reconcile_id,
                       debit_currency_id, credit_currency_id, company_id, max_date, amount, debit_amount_currency,
                       credit_amount_currency, create_uid, write_uid, create_date, write_date)
                   SELECT pair.partial_id,
                          CASE WHEN item.balance > 0 THEN item.id ELSE pair.counterpart_id END,
                          CASE WHEN item.balance > 0 THEN pair.counterpart_id ELSE item.id END,
                          pair.full_id, item.currency_id, item.currency_id, item.company_id, pair.max_date,
                          abs(item.balance), abs(item.balance), abs(item.balance), %(uid)s, %(uid)s, %(now)s, %(now)s
                     FROM posted_pair pair JOIN account_move_line item ON item.id = pair.item_id""",
                uid=uid,
                now=now,
            )
        )
        self.env.cr.execute(
            SQL(
                """UPDATE account_move_line item
                      SET amount_residual = 0, amount_residual_currency = 0, reconciled = TRUE,
                          full_reconcile_id = pair.full_id, matching_number = pair.full_id::text,
                          write_uid = %s, write_date = %s
                     FROM posted_pair pair WHERE item.id = pair.item_id""",
                uid,
                now,
            )
        )
        self.env.cr.execute(
            SQL(
                """UPDATE account_move invoice
                      SET amount_residual = 0, amount_residual_signed = 0, payment_state = 'paid',
                          is_manually_modified = TRUE, write_uid = %s, write_date = %s
                     FROM posted_pair pair WHERE invoice.id = pair.invoice_id""",
                uid,
                now,
            )
        )
        self.env.cr.execute(
            SQL(
                """UPDATE account_bank_statement_line line
                      SET is_reconciled = TRUE, amount_residual = 0, partner_id = pair.partner_id,
                          match_before = jsonb_build_object(
                              'partner_id', COALESCE(to_jsonb(line.partner_id), 'false'::jsonb),
                              'posted_partner_id', pair.partner_id,
                              'checked', COALESCE(bank.checked, FALSE),
                              'is_manually_modified', COALESCE(bank.is_manually_modified, FALSE)),
                          write_uid = %s, write_date = %s
                     FROM posted_pair pair JOIN account_move bank ON bank.id = pair.bank_id
                    WHERE line.id = pair.line_id""",
                uid,
                now,
            )
        )

    @api.model
    def _write_bank_entries(self, facts, uid, now):
        """What Odoo writes into the entries of lines, which is more where their partner changes; each row once."""
        changed = [fact for fact in facts if fact["old_partner_id"] != fact["partner_id"]]
        stamps = SQL("is_manually_modified = TRUE, write_uid = %s, write_date = %s", uid, now)
        if not changed:
            self.env.cr.execute(
                SQL(
                    "UPDATE account_move bank SET %s FROM posted_pair pair WHERE bank.id = pair.bank_id",
                    stamps,
                )
            )
            return
        journal = self.env["account.journal"].browse(changed[0]["journal_id"])
        company = journal.company_id
        partners = self.env["res.partner"].browse({fact["partner_id"] for fact in changed})
        by_partner = self.env["bank.statement.line.rows"]._partner_columns(
            company, company.currency_id, partners
        )
        self.env.cr.execute(
            SQL(
                """UPDATE account_move bank SET %s, %s
                     FROM unnest(%s, %s, %s, %s::int[], %s::int[], %s::int[]) AS derived (%s)
                     JOIN posted_pair pair USING (partner_id) WHERE bank.id = pair.bank_id""",
                stamps,
                SQL(", ").join(
                    SQL("%s = derived.%s", SQL.identifier(name), SQL.identifier(name))
                    for name in PARTNER_COLUMNS
                ),
                *([columns[name] for columns in by_partner.values()] for name in PARTNER_COLUMNS),
                SQL(", ").join(map(SQL.identifier, PARTNER_COLUMNS)),
            )
        )
        self.env.cr.execute(
            "UPDATE account_move_line liquidity SET partner_id = pair.partner_id"
            " FROM posted_pair pair WHERE liquidity.id = pair.liquidity_id"
        )

    # === SQL === #

    @api.model
    def _columns(self, table):
        rows = self.env.execute_query(
            SQL(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
                " AND NOT attisdropped",
                table,
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _read(self, table, column, ids, model=None):
        return self.env["bank.statement.line.writer"]._read(table, column, ids, model)

    @api.model
    def _next_ids(self, table, count):
        return self.env["bank.statement.line.writer"]._next_ids(table, count)
