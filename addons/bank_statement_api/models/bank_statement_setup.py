from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.finance_connector_base.tools.errors import describe

STEPS = [
    ("kind", "Kind of System"),
    ("access", "Access"),
    ("consent", "Consent"),
    ("accounts", "Accounts"),
    ("preview", "Dry Run"),
    ("live", "Live"),
]
_READS = frozenset({"fetch_statements", "pick_up_files"})


class BankStatementSetup(models.Model):
    """The way from a bank's name to booked statements, one step at a time; it can be left and resumed.

    What it asks for is declared by the adapter; what it makes is a connection, an interface, feeds and, where wanted,
    journals, as they could be made by hand.
    """

    _name = "bank.statement.setup"
    _description = "Set-up of a Bank"
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(string="Bank", required=True)
    step = fields.Selection(STEPS, required=True, default="kind", readonly=True, copy=False)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    adapter = fields.Selection(
        selection="_selection_adapter", string="Kind of System", required=True
    )
    environment = fields.Selection(
        [("production", "Production"), ("test", "Test"), ("sandbox", "Sandbox")],
        required=True,
        default=lambda self: self.env["finance.environment"]._current(),
    )
    connection_id = fields.Many2one(
        "finance.connection", readonly=True, copy=False, index="btree_not_null", check_company=True
    )
    interface_id = fields.Many2one(
        "finance.interface", readonly=True, copy=False, index="btree_not_null", check_company=True
    )
    consent_id = fields.Many2one(
        "bank.statement.consent",
        copy=False,
        index="btree_not_null",
        check_company=True,
        domain="[('connection_id', '=', connection_id)]",
    )
    account_ids = fields.One2many("bank.statement.setup.account", "setup_id", copy=False)
    problem = fields.Text(readonly=True, copy=False, help="What went wrong, and what to do.")
    answer = fields.Char(readonly=True, copy=False, help="What the other side said to the test.")
    filename_pattern = fields.Char(string="Which Files", default="*")
    profile_id = fields.Many2one(
        "bank.statement.profile",
        string="Column Profile",
        index="btree_not_null",
        check_company=True,
        help="For CSV and XLSX: which column is what.",
    )
    journal_id = fields.Many2one(
        "account.journal",
        string="Bank Account of the Files",
        index="btree_not_null",
        check_company=True,
        domain="[('type', 'in', ('bank', 'credit'))]",
        help="Only for files that do not name their account, such as QIF and most tables.",
    )

    # What the adapter says that it needs.
    asks = fields.Char(compute="_compute_asks")
    picks_up_files = fields.Boolean(compute="_compute_asks")
    needs_consent = fields.Boolean(compute="_compute_asks")
    holder_hint = fields.Char(compute="_compute_asks")
    holder_ref = fields.Char(related="consent_id.holder_ref", readonly=False)
    consent_state = fields.Selection(related="consent_id.state", string="State of the Consent")
    secrets_missing = fields.Char(compute="_compute_secrets_missing")
    next_secret = fields.Char(compute="_compute_secrets_missing")
    next_secret_name = fields.Char(compute="_compute_secrets_missing")
    preview = fields.Html(compute="_compute_preview")
    endpoint = fields.Char(related="connection_id.endpoint", readonly=False)
    allow_private_address = fields.Boolean(
        related="connection_id.allow_private_address", readonly=False
    )
    host_key = fields.Char(related="connection_id.host_key", readonly=False)
    ca_certificate = fields.Text(related="connection_id.ca_certificate", readonly=False)
    token_url = fields.Char(related="connection_id.token_url", readonly=False)
    authorization_url = fields.Char(related="connection_id.authorization_url", readonly=False)
    webhook_audience = fields.Char(related="connection_id.webhook_audience", readonly=False)
    webhook_address = fields.Char(
        related="connection_id.webhook_address",
        groups="finance_connector_base.group_finance_manager",
    )
    sends_webhooks = fields.Boolean(compute="_compute_asks")
    client_id = fields.Char(related="connection_id.client_id", readonly=False)
    oauth_scope = fields.Char(related="connection_id.oauth_scope", readonly=False)
    oauth_auth = fields.Selection(related="connection_id.oauth_auth", readonly=False)
    credential_ids = fields.One2many(related="connection_id.credential_ids", readonly=False)

    # === SELECTION METHODS === #

    @api.model
    def _selection_adapter(self):
        return [
            (code, label)
            for code, label in self.env["finance.connection"]._selection_adapter()
            if self.env[f"finance.adapter.{code}"]._capabilities & _READS
        ]

    # === COMPUTE METHODS === #

    @api.depends("adapter")
    def _compute_asks(self):
        for setup in self:
            adapter = setup._adapter() if setup.adapter else None
            setup.asks = ",".join(adapter._connection_fields) if adapter is not None else ""
            setup.picks_up_files = (
                adapter is not None and "fetch_statements" not in adapter._capabilities
            )
            setup.needs_consent = adapter is not None and adapter._needs_consent
            setup.holder_hint = adapter is not None and adapter._holder_hint
            setup.sends_webhooks = adapter is not None and "notify_feeds" in adapter._capabilities

    @api.depends("adapter", "credential_ids.kind", "credential_ids.is_set", "credential_ids.secret")
    def _compute_secrets_missing(self):
        labels = dict(
            self.env["finance.credential"]._fields["kind"]._description_selection(self.env)
        )
        for setup in self:
            # Also what is entered and not saved yet: several are entered one after the other.
            entered = setup.credential_ids.filtered(lambda held: held.is_set or held.secret)
            stored = set(entered.mapped("kind"))
            needed = setup._adapter()._credential_kinds if setup.adapter else ()
            missing = [kinds for kinds in needed if not stored.intersection(kinds)]
            setup.secrets_missing = "; ".join(
                self.env._(" or ").join(labels[kind] for kind in kinds) for kinds in missing
            )
            # What a new line of the list begins with: only the secret itself is left to enter.
            setup.next_secret = missing[0][0] if missing else False
            setup.next_secret_name = labels[missing[0][0]] if missing else False

    @api.depends("step", "interface_id")
    def _compute_preview(self):
        for setup in self:
            setup.preview = (
                self.env["ir.qweb"]._render(
                    "bank_statement_api.bank_statement_setup_preview", setup._preview_values()
                )
                if setup.step == "preview"
                else False
            )

    # === ACTION METHODS === #

    def action_choose(self):
        """Take the kind of system, and make the connection that the next step fills in."""
        self._check_step("kind")
        if not self.connection_id:
            self.connection_id = self.env["finance.connection"].create(
                {
                    "name": self.name,
                    "adapter": self.adapter,
                    "environment": self.environment,
                    "company_id": self.company_id.id,
                    **self._suggested(),
                }
            )
        else:
            changed = (
                self.connection_id.adapter != self.adapter
                or self.connection_id.environment != self.environment
            )
            self.connection_id.write(
                {
                    "name": self.name,
                    "adapter": self.adapter,
                    "environment": self.environment,
                    **(self._suggested() if changed else {}),
                }
            )
        return self._go("access")

    def action_ask_host_key(self):
        """Show the key of the server, to be compared and trusted."""
        self._check_step("access")
        return self.connection_id.action_ask_host_key()

    def action_test(self):
        """Test the connection and discover its accounts; a failure is shown with what to do, and keeps the step."""
        self._check_step("access")
        if self.secrets_missing:
            return self._fail(
                self.env._("Still needed: %s. Enter it under Secrets.", self.secrets_missing)
            )
        connection = self.connection_id
        try:
            with connection._call("test"):
                self.answer = connection._adapter()._test_connection(connection.sudo())
        except Exception as error:
            return self._fail_with(error)
        return self._go("consent" if self.needs_consent else "accounts")

    def action_ask_consent(self):
        """Ask the other side for a consent, and lead the account holder to the page where it is confirmed."""
        self._check_step("consent")
        if self.holder_hint and not self.holder_ref:
            return self._fail(self.env._("Still needed: %s.", self.holder_hint))
        try:
            action = self.consent_id.action_request()
        except Exception as error:
            return self._fail_with(error)
        self.problem = False
        return action

    def action_check_consent(self):
        """Go on when the other side says that the consent is valid; what it does not say is none."""
        self._check_step("consent")
        try:
            self.consent_id.action_refresh()
        except Exception as error:
            return self._fail_with(error)
        if self.consent_state != "valid":
            states = dict(self.consent_id._fields["state"]._description_selection(self.env))
            return self._fail(
                self.env._(
                    "The consent is not given yet: %s. Confirm it on the bank's page, then check again.",
                    states[self.consent_state],
                )
            )
        return self._go("accounts")

    def action_discover(self):
        """Ask which accounts there are, and find their journals by number and currency."""
        self._check_step("accounts")
        try:
            found = self._adapter()._list_accounts(self.connection_id, self.consent_id)
        except Exception as error:
            return self._fail_with(error)
        known = set(self.account_ids.mapped("resource_ref"))
        for each in found:
            if each.resource_id in known:
                continue
            journal = self._find_journal(each.account)
            number = each.account.identifier
            masked = self._adapter()._masks_numbers
            name = each.name or number or each.resource_id
            account = self.env["bank.statement.setup.account"].create(
                {
                    "setup_id": self.id,
                    "resource_ref": each.resource_id,
                    "name": f"{name} …{number}" if masked and number else name,
                    "account_number": False if masked else number,
                    "currency_code": each.account.currency or False,
                    "journal_id": journal.id,
                }
            )
            account.create_journal = bool(
                account.account_number and not journal and not account.remark
            )
        self.problem = (
            False if found else self.env._("The bank lists no account. Check the consent.")
        )
        return self._shown()

    def action_go_live(self):
        """Book from now on. What the dry run received is fetched again for real."""
        self._check_step("preview")
        self.interface_id.action_set_live()
        self._make_notices()
        self._feeds()._enqueue_fetch()
        return self._go("live")

    def action_back(self):
        """One step back; nothing that was entered is lost."""
        self.ensure_one()
        self.check_access("write")
        order = [code for code, _label in STEPS if code != "consent" or self.needs_consent]
        if self.step in ("kind", "live"):
            raise UserError(self.env._("There is no step back from here."))
        return self._go(order[order.index(self.step) - 1])

    def action_open_feeds(self):
        """The feeds that were set up."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Bank Feeds"),
            "res_model": "bank.statement.feed",
            "view_mode": "list,form",
            "domain": [("interface_id", "=", self.interface_id.id)],
        }

    # === BUSINESS METHODS === #

    def _adapter(self):
        return self.env[f"finance.adapter.{self.adapter}"]

    def _check_step(self, step):
        self.ensure_one()
        self.check_access("write")
        if self.step != step:
            raise UserError(
                self.env._("This set-up is at another step by now. Load the page again.")
            )

    def _go(self, step):
        self.write({"step": step, "problem": False})
        if step == "consent" and not self.consent_id:
            self.consent_id = self.env["bank.statement.consent"].create(
                {
                    "name": self.name,
                    "connection_id": self.connection_id.id,
                    "company_id": self.company_id.id,
                }
            )
        if step == "accounts" and not self.picks_up_files and not self.account_ids:
            return self.action_discover()
        return self._shown()

    def _suggested(self):
        """:return: what most enter for this kind of system in this environment"""
        adapter = self._adapter()
        differs = {} if self.environment == "production" else adapter._sandbox_suggestions
        return {**adapter._suggestions, **differs}

    def _fail(self, problem):
        """Kept and shown, not raised: what was entered stays."""
        self.problem = problem
        return self._shown()

    def _fail_with(self, error):
        report = describe(error)
        return self._fail(f"{report.message}\n{report.next_step}".strip())

    def _shown(self):
        """:return: nothing to open: the form that is open shows the step that was reached"""
        return True

    def _find_journal(self, account):
        importer = self.env["bank.statement.importer"]
        number = importer._sanitize(account.identifier)
        journals = self.env["account.journal"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("type", "in", ("bank", "credit")),
                (
                    "bank_account_id.sanitized_acc_number",
                    "=like",
                    f"%{number}" if self._adapter()._masks_numbers else number,
                ),
            ]
        )
        if account.currency:
            journals = journals.filtered(
                lambda journal: importer._journal_currency(journal).name == account.currency
            )
        return journals if number and len(journals) == 1 else journals.browse()

    def _make_interface(self):
        interface = self._create_interface(
            name=self.env._("Statements of %s", self.name),
            code=f"bank.statement.{self.connection_id.id}",
            handler="bank_statement",
            sync_mode="micro_batch",
            in_order=True,
        )
        interface._activate_first(self.env._("Made by the guided set-up."))
        interface.action_set_shadow()
        return interface

    def _make_notices(self):
        """Let the other side's webhooks in, where it sends any: a feed is then fetched at once when there is news."""
        code = f"bank.notices.{self.connection_id.id}"
        interfaces = self.env["finance.interface"]
        if not self.sends_webhooks or interfaces.search_count(
            [("code", "=", code), ("company_id", "=", self.company_id.id)], limit=1
        ):
            return
        self._create_interface(
            name=self.env._("Notices of %s", self.name),
            code=code,
            handler="bank_notification",
            sync_mode="event",
        )._go_live(self.env._("Made by the guided set-up."))

    def _create_interface(self, **values):
        return self.env["finance.interface"].create(
            {
                "company_id": self.company_id.id,
                "connection_id": self.connection_id.id,
                **values,
            }
        )

    def _feeds(self):
        return self.env["bank.statement.feed"].search([("interface_id", "=", self.interface_id.id)])
