from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_connector_base.tools.money import parse_amount
from odoo.addons.treasury_sync.tools import documents

FATES = [
    ("generated", "Generated"),
    ("approved", "Approved"),
    ("transmitted", "Transmitted"),
    ("acknowledged", "Acknowledged"),
    ("executed", "Executed"),
    ("booked", "Booked"),
    ("rejected", "Rejected"),
    ("returned", "Returned"),
    ("cancelled", "Cancelled"),
]
# What moves on; everything else of an instruction is what it was when it was generated.
MOVING = (
    "state",
    "status_code",
    "status_reason",
    "bank_reference",
    "statement_line_id",
    "return_line_id",
    "date_approved",
    "date_transmitted",
    "date_acknowledged",
    "date_executed",
    "date_booked",
    "date_ended",
    "write_uid",
    "write_date",
)


class TreasuryPaymentInstruction(models.Model):
    """What the bank is told to pay: a snapshot that nothing changes, and how far it has come.

    PostgreSQL refuses a change of the snapshot and a deletion; another text is another instruction.
    """

    _name = "treasury.payment.instruction"
    _description = "Payment Instruction"
    _inherit = ["treasury.engine.written"]
    _order = "order_id desc, version desc, sequence"
    _rec_name = "end_to_end_id"
    _rec_names_search = ["end_to_end_id", "beneficiary_name"]
    _check_company_auto = True

    order_id = fields.Many2one(
        "treasury.payment.order", required=True, readonly=True, index=True, ondelete="restrict"
    )
    version = fields.Integer(required=True, readonly=True)
    sequence = fields.Integer(required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    payment_id = fields.Many2one(
        "account.payment", required=True, readonly=True, index=True, ondelete="restrict"
    )
    partner_id = fields.Many2one("res.partner", readonly=True, index=True, ondelete="restrict")
    partner_bank_id = fields.Many2one(
        "res.partner.bank", readonly=True, index=True, ondelete="restrict"
    )
    # === SNAPSHOT === #
    instruction_ref = fields.Char(string="Instruction ID", required=True, readonly=True)
    end_to_end_id = fields.Char(string="End-to-End ID", required=True, readonly=True)
    uetr = fields.Char(string="UETR", readonly=True)
    amount = fields.Monetary(required=True, readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True, ondelete="restrict")
    beneficiary_name = fields.Char(string="Beneficiary", required=True, readonly=True)
    account_number = fields.Char(string="Account", required=True, readonly=True)
    is_iban = fields.Boolean(readonly=True)
    bic = fields.Char(string="BIC", readonly=True)
    bank_name = fields.Char(readonly=True)
    clearing_number = fields.Char(readonly=True)
    street = fields.Char(readonly=True)
    postcode = fields.Char(readonly=True)
    town = fields.Char(readonly=True)
    country_code = fields.Char(readonly=True)
    remittance = fields.Char(string="Text", readonly=True)
    reference = fields.Char(string="Structured Reference", readonly=True)
    reference_type = fields.Char(readonly=True)
    purpose = fields.Char(readonly=True)
    charge_bearer = fields.Char(readonly=True)
    mandate_id = fields.Many2one(
        "treasury.mandate", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    mandate_ref = fields.Char(string="Mandate Reference", readonly=True)
    mandate_signed_on = fields.Date(readonly=True)
    mandate_sequence = fields.Char(readonly=True, help="FRST, RCUR, FNAL or OOFF.")
    # === HOW FAR IT HAS COME === #
    state = fields.Selection(
        FATES,
        string="Status",
        required=True,
        readonly=True,
        default="generated",
        index=True,
        group_expand="_group_expand_states",
    )
    status_code = fields.Char(string="Bank's Code", readonly=True)
    status_reason = fields.Char(string="Reason", readonly=True)
    bank_reference = fields.Char(readonly=True)
    statement_line_id = fields.Many2one(
        "account.bank.statement.line", readonly=True, index="btree_not_null", ondelete="set null"
    )
    return_line_id = fields.Many2one(
        "account.bank.statement.line",
        string="Came Back With",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    document_ids = fields.Many2many(
        "account.move", string="Pays", compute="_compute_entries", compute_sudo=True
    )
    reversal_ids = fields.Many2many(
        "account.move", string="Reversed By", compute="_compute_entries", compute_sudo=True
    )
    date_approved = fields.Datetime(readonly=True)
    date_transmitted = fields.Datetime(readonly=True)
    date_acknowledged = fields.Datetime(readonly=True)
    date_executed = fields.Datetime(readonly=True)
    date_booked = fields.Datetime(readonly=True)
    date_ended = fields.Datetime(readonly=True)

    _payment_uniq = models.UniqueIndex(
        "(payment_id) WHERE state <> 'cancelled'",
        "This payment has a live instruction already: it is never paid twice.",
    )
    _end_to_end_id_uniq = models.Constraint(
        "UNIQUE(end_to_end_id)", "An end-to-end identification is used once, for ever."
    )
    _amount_check = models.Constraint("CHECK (amount > 0)", "A payment is more than nothing.")

    def init(self):
        super().init()
        moving = [SQL("%s::text", name) for name in MOVING]
        self.env.cr.execute(
            SQL(
                """
                CREATE OR REPLACE FUNCTION treasury_instruction_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF TG_OP = 'UPDATE' AND to_jsonb(OLD) - ARRAY[%s] = to_jsonb(NEW) - ARRAY[%s]
                       AND (OLD.state = NEW.state OR OLD.state NOT IN ('rejected', 'returned', 'cancelled')) THEN
                        RETURN NEW;
                    END IF;
                    RAISE EXCEPTION 'A payment instruction is never changed.'
                        USING ERRCODE = 'insufficient_privilege',
                              HINT = 'Cancel the order and make a new one.';
                END $$
                """,
                SQL(", ").join(moving),
                SQL(", ").join(moving),
            )
        )
        self.env.cr.execute(
            """
            DROP TRIGGER IF EXISTS treasury_instruction_fixed ON treasury_payment_instruction;
            CREATE TRIGGER treasury_instruction_fixed BEFORE UPDATE OR DELETE ON treasury_payment_instruction
                FOR EACH ROW EXECUTE FUNCTION treasury_instruction_refuse();
            ALTER TABLE treasury_payment_instruction ENABLE ALWAYS TRIGGER treasury_instruction_fixed;
            """
        )

    # === COMPUTE METHODS === #

    @api.depends("beneficiary_name", "amount", "currency_id")
    def _compute_display_name(self):
        for item in self:
            item.display_name = f"{item.beneficiary_name}, {item.currency_id.format(item.amount)}"

    @api.model
    def _group_expand_states(self, states, domain):
        """:return: where there are payments, every step in the order of the road, also those where none stands"""
        return [
            state for state, _label in FATES if states and (state != "cancelled" or state in states)
        ]

    @api.depends("payment_id.reconciled_bill_ids", "payment_id.reconciled_invoice_ids")
    def _compute_entries(self):
        for item in self:
            payment = item.payment_id
            item.document_ids = payment.reconciled_bill_ids | payment.reconciled_invoice_ids
            item.reversal_ids = payment.move_id.reversal_move_ids

    # === CRUD METHODS === #

    def _why_fixed(self):
        return self.env._("Instructions are made from a payment order and are never changed.")

    # === DOCUMENT === #

    def _document(self):
        """:return: this instruction in canonical form
        :rtype: documents.PaymentInstruction
        """
        self.ensure_one()
        currency = self.currency_id
        return documents.PaymentInstruction(
            instruction_id=self.instruction_ref,
            end_to_end_id=self.end_to_end_id,
            uetr=self.uetr or None,
            amount=parse_amount(f"{self.amount:.{currency.decimal_places}f}", currency.name),
            currency=currency.name,
            party=documents.Party(
                name=self.beneficiary_name,
                address=documents.Address(
                    street=self.street or None,
                    postcode=self.postcode or None,
                    town=self.town or None,
                    country=self.country_code or None,
                )
                if self.country_code
                else None,
            ),
            account=documents.Account(
                iban=self.account_number if self.is_iban else None,
                other_id=None if self.is_iban else self.account_number,
                agent=documents.Agent(
                    bic=self.bic or None,
                    name=self.bank_name or None,
                    clearing_number=self.clearing_number or None,
                ),
            ),
            charge_bearer=self.charge_bearer or None,
            purpose=self.purpose or None,
            remittance=self.remittance or None,
            references=(
                documents.StructuredReference(value=self.reference, type=self.reference_type or ""),
            )
            if self.reference
            else (),
            mandate=documents.Mandate(
                reference=self.mandate_ref,
                signed_on=self.mandate_signed_on,
                sequence=self.mandate_sequence,
            )
            if self.mandate_id
            else None,
        )
