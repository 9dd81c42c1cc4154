import fnmatch
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.bank_statement_api.tools import documents

from .bank_statement_profile import ENCODINGS

CONSENT_CODES = ("consent_expired", "consent_invalid")


class BankStatementFeed(models.Model):
    """One bank account, or one file drop, that is read on a schedule of its own."""

    _name = "bank.statement.feed"
    _description = "Bank Statement Feed"
    _inherit = [
        "finance.fetch.mixin",
        "finance.audited.mixin",
        "finance.company.mixin",
        "bank.statement.provenance.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "name, id"
    _check_company_auto = True
    _audit_subject = "feed"
    _audit_ignored = frozenset({"next_run_at"})
    _fetch_unit = "feed"
    _fetch_exceptions = ("feed_failing", *CONSENT_CODES)

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    kind = fields.Selection(
        [("account", "Account over an API"), ("files", "File drop")],
        required=True,
        default="account",
    )
    interface_id = fields.Many2one(
        "finance.interface",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        domain="[('handler', '=', 'bank_statement')]",
    )
    company_id = fields.Many2one(related="interface_id.company_id", store=True, index=True)
    connection_id = fields.Many2one(related="interface_id.connection_id", store=True, index=True)
    journal_id = fields.Many2one(
        "account.journal",
        index="btree_not_null",
        check_company=True,
        domain="[('type', 'in', ('bank', 'credit'))]",
        help="Where the account's transactions are booked. A file drop finds the journal by the account in each file;"
        " this one counts for files that name no account.",
    )
    consent_id = fields.Many2one(
        "bank.statement.consent", index="btree_not_null", check_company=True
    )
    resource_ref = fields.Char(
        string="Account at the Bank", help="The bank's own id of the account."
    )
    filename_pattern = fields.Char(
        default="*", help="Which files of the drop belong to this feed, e.g. *CH93*.xml."
    )
    details_policy = fields.Selection(
        [("split", "A Line for Each Payment"), ("single", "One Line for the Entry")],
        string="Batches",
        help="What becomes of an entry that the bank booked in one amount, when its details add up to it. The interface"
        " decides where this is empty.",
    )
    imbalance_policy = fields.Selection(
        [("hold", "Hold It"), ("book", "Book It, with an Exception")],
        string="A Statement that Does Not Add Up",
        required=True,
        default="hold",
        help="Held: nothing of it is booked before a person decides. Booked: the exception stays open until somebody"
        " looks at it.",
    )
    profile_id = fields.Many2one(
        "bank.statement.profile",
        string="Column Profile",
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        help="For CSV and XLSX: which column is what.",
    )
    date_order = fields.Selection(
        [("dmy", "Day/Month/Year"), ("mdy", "Month/Day/Year"), ("ymd", "Year/Month/Day")],
        string="Dates",
        help="For formats that do not say how they write dates (QIF). Empty: shown by the file itself, or refused.",
    )
    decimal_mark = fields.Selection(
        [(".", "1,234.56"), (",", "1.234,56")],
        string="Amounts",
        help="For formats that do not say how they write amounts (QIF). Empty: shown by the file itself, or refused.",
    )
    encoding = fields.Selection(
        ENCODINGS,
        string="Characters",
        help="For files of text that do not show it themselves, when names come with wrong letters. A column profile's"
        " own counts before it.",
    )
    next_run_at = fields.Datetime(index=True)
    overlap_days = fields.Integer(
        required=True,
        default=7,
        help="Days read again at each fetch, for bookings that arrive late.",
    )
    history_days = fields.Integer(
        required=True, default=90, help="How far back the first fetch goes."
    )
    covered_until = fields.Date(
        readonly=True,
        copy=False,
        help="Every day up to this one is stored in full. Moves only together with the data.",
    )
    sync_cursor = fields.Char(
        readonly=True,
        copy=False,
        help="Where the bank's list of changes goes on. Moves only together with the data.",
    )
    shadow_covered_from = fields.Date(readonly=True, copy=False)
    shadow_covered_until = fields.Date(
        string="Compared Until",
        readonly=True,
        copy=False,
        help="How far the feed has been read in shadow, where nothing is booked.",
    )
    shadow_cursor = fields.Char(readonly=True, copy=False)
    books_from = fields.Date(
        string="Books from",
        copy=False,
        help="Bookings before this day are left out: another channel has brought them. Empty: everything is booked.",
    )
    is_fallback = fields.Boolean(
        string="Fallback",
        copy=False,
        help="Another channel brings this account. This one is fetched only by hand, when the other fails; what both"
        " bring is booked once.",
    )
    authorized_until = fields.Date(
        readonly=True, copy=False, help="When the bank will ask the account holder again."
    )
    interface_mode = fields.Selection(related="interface_id.mode", string="Mode")
    consent_health = fields.Selection(related="consent_id.health", string="Consent Health")
    gap_ids = fields.One2many("bank.statement.gap", "feed_id")
    limits_spent = fields.Text(
        compute="_compute_limits_spent",
        help="Which calls for this account are used up, and when they are made again.",
    )
    covers = fields.Char(
        string="Reads", compute="_compute_covers", help="The bank account, or which files."
    )
    health = fields.Selection(
        [
            ("new", "Never Fetched"),
            ("ok", "Up to Date"),
            ("late", "Late"),
            ("failing", "Failing"),
            ("fallback", "Fallback"),
        ],
        compute="_compute_health",
    )

    _journal_required = models.Constraint(
        "CHECK(kind != 'account' OR journal_id IS NOT NULL)",
        "A feed of an account needs the account's journal.",
    )
    _interval_positive = models.Constraint(
        "CHECK(interval_minutes > 0)", "The interval must be at least a minute."
    )
    _overlap_positive = models.Constraint(
        "CHECK(overlap_days >= 0)", "The overlap cannot be negative."
    )
    _journal_uniq = models.UniqueIndex(
        "(interface_id, journal_id) WHERE active AND journal_id IS NOT NULL",
        "This journal is fed by this interface already.",
    )
    _due_idx = models.Index("(next_run_at) WHERE active")

    # === COMPUTE METHODS === #

    @api.depends("kind", "journal_id", "filename_pattern")
    def _compute_covers(self):
        for feed in self:
            feed.covers = (
                feed.journal_id.display_name
                if feed.kind == "account"
                else self.env._("Files like %s", feed.filename_pattern or "*")
            )

    @api.depends("kind", "failure_count", "last_success_at", "interval_minutes", "is_fallback")
    def _compute_health(self):
        now = fields.Datetime.now()
        for feed in self:
            if feed.is_fallback:
                feed.health = "fallback"
            elif feed.failure_count:
                feed.health = "failing"
            elif not feed.last_success_at:
                feed.health = "new"
            elif (
                # A mail comes when the bank sends it.
                feed.kind != "mail"
                and feed.last_success_at < now - timedelta(minutes=3 * feed.interval_minutes)
            ):
                feed.health = "late"
            else:
                feed.health = "ok"

    @api.depends("resource_ref", "connection_id.quota_ids.state")
    def _compute_limits_spent(self):
        for feed in self:
            feed.limits_spent = feed.connection_id.quota_ids.filtered(
                lambda row, feed=feed: feed._is_counted_by((row.scope or "").partition(":")[2])
            )._tell_spent()

    # === CONSTRAINT METHODS === #

    @api.constrains("filename_pattern")
    def _check_filename_pattern(self):
        for feed in self:
            if feed.filename_pattern and (
                "/" in feed.filename_pattern or ".." in feed.filename_pattern
            ):
                raise ValidationError(
                    self.env._("A file pattern names files, not folders: %s", feed.filename_pattern)
                )

    # === CRUD METHODS === #

    @api.model
    def _provenance_fields(self):
        return super()._provenance_fields() | {
            "covered_until",
            "sync_cursor",
            "shadow_covered_from",
            "shadow_covered_until",
            "shadow_cursor",
            "authorized_until",
            "last_attempt_at",
            "last_success_at",
            "failure_count",
            "last_error",
        }

    def write(self, vals):
        moved = self.filtered(
            lambda feed: "resource_ref" in vals and feed.resource_ref != vals["resource_ref"]
        )
        result = super().write(vals)
        # The place in the list of changes is the one of the other account.
        for feed_sudo in moved.sudo().filtered(lambda feed: feed.sync_cursor or feed.shadow_cursor):
            feed_sudo.write({"sync_cursor": False, "shadow_cursor": False})
        return result

    # === ACTION METHODS === #

    def action_fetch_now(self):
        """Fetch at once, beside the schedule."""
        self.check_access("write")
        self._enqueue_fetch()
        return self._tell_fetching()

    def action_open_comparison(self):
        """The comparison of this feed's channel, in shadow, with what is booked.

        :raise UserError: the channel is not in shadow, and there is no earlier comparison
        """
        self.ensure_one()
        self.check_access("read")
        return self.env["bank.statement.comparison"]._open_for(self.interface_id)

    def action_open_exceptions(self):
        """The open exceptions of this feed and of its connection."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Exceptions"),
            "res_model": "finance.exception",
            "view_mode": "list,form",
            "domain": [("connection_id", "=", self.connection_id.id)],
            "context": {"search_default_open": 1},
        }

    # === BUSINESS METHODS === #

    def _account(self):
        """The account as the books name it, which an interface's own ids are read against.

        :rtype: documents.AccountRef
        """
        self.ensure_one()
        return documents.AccountRef(
            iban=self.journal_id.bank_account_id.sanitized_acc_number or None,
            currency=(self.journal_id.currency_id or self.company_id.currency_id).name,
        )

    @api.model
    def _of_exchange(self, exchange, filename):
        """The feed that brought an exchange; of what was uploaded or pushed, the one that would have.

        :param exchange: ``finance.exchange``, one record
        :param str filename: of its content
        :return: one feed or none
        """
        if exchange.res_model == self._name:
            return self.browse(exchange.res_id).exists()
        feeds = self.search(
            [("interface_id", "=", exchange.interface_id.id), ("kind", "=", "files")]
        )
        wanted = feeds.filtered(lambda feed: feed._wants_file(filename))
        return wanted if len(wanted) == 1 else wanted.browse()

    def _is_counted_by(self, reference):
        """
        :param str reference: whose calls a bank counts: an account, or an account and its consent
        :rtype: bool
        """
        account = self.resource_ref
        return bool(account) and (reference == account or reference.startswith(f"{account}:"))

    def _reading(self):
        """How the feed wants its files read, as far as it says.

        :rtype: dict
        """
        return {
            "details": self.details_policy or None,
            "dates": self.date_order or None,
            "decimals": self.decimal_mark or None,
            "encoding": self.encoding or None,
            "journal_id": self.journal_id.id or None,
            "profile_id": self.profile_id.id or None,
        }

    def _wants_file(self, name):
        """Whether a file of the drop belongs to this feed.

        :param str name: base name
        :rtype: bool
        """
        self.ensure_one()
        return fnmatch.fnmatchcase(name.lower(), (self.filename_pattern or "*").lower())
