from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.bank_statement_api.tools.column_profile import COLUMNS, Profile

# Python's names of them.
ENCODINGS = [
    ("utf-8", "UTF-8"),
    ("cp1252", "Windows-1252 / Latin-1 (Western Europe)"),
    ("iso8859-15", "Latin-9 (Western Europe)"),
    ("cp850", "DOS 850 (Western Europe)"),
    ("cp437", "DOS 437"),
    ("mac-roman", "Mac Roman"),
    ("cp1250", "Windows-1250 (Central Europe)"),
    ("iso8859-2", "Latin-2 (Central Europe)"),
    ("cp852", "DOS 852 (Central Europe)"),
    ("cp1257", "Windows-1257 (Baltic)"),
    ("cp1254", "Windows-1254 (Turkish)"),
    ("cp1253", "Windows-1253 (Greek)"),
    ("cp1251", "Windows-1251 (Cyrillic)"),
    ("cp866", "DOS 866 (Cyrillic)"),
    ("utf-16-le", "UTF-16, little-endian"),
    ("utf-16-be", "UTF-16, big-endian"),
]
LISTS = ("text", "debit_words", "credit_words", "reversal_words")
CHOICES = ("fees", "dates", "decimals", "encoding", "delimiter", "sheet")
NAMED = "The column's header, or its number from 1."


class BankStatementProfileMixin(models.AbstractModel):
    """Which column of a table is what; the same for a profile and for the wizard that tries one."""

    _name = "bank.statement.profile.mixin"
    _description = "Columns of a Statement Table"

    booking_date = fields.Char(help=NAMED)
    value_date = fields.Char(help=NAMED)
    amount = fields.Char(help="With its sign; or without, and a column that says which way.")
    debit = fields.Char(string="Money Out", help=NAMED)
    credit = fields.Char(string="Money In", help=NAMED)
    indicator = fields.Char(string="Which Way", help="The column that says whether money came in.")
    debit_words = fields.Char(string="Says Out", help="What stands in it, separated by commas.")
    credit_words = fields.Char(string="Says In", help="What stands in it, separated by commas.")
    is_reversed = fields.Boolean(
        string="Positive Amounts Go Out", help="As some card statements are exported."
    )
    balance = fields.Char(help="The balance after each row: the rows are proven against it.")
    fee = fields.Char(
        help="The column of what the bank charges for the row. It is kept with the line; the next field says what it"
        " does to the amount."
    )
    fees = fields.Selection(
        [
            ("inside", "In the Amount Already"),
            ("minus", "On Top: 0.50 Is Charged"),
            ("plus", "On Top: -0.50 Is Charged"),
        ],
        string="The Fee Is",
        help="On top: the account moves by the amount and the fee together, and that is what is booked.",
    )
    reversal = fields.Char(help="The column that says that a row takes back another one.")
    reversal_words = fields.Char(
        string="Says Reversal", help="What stands in it then, separated by commas."
    )
    currency_column = fields.Char(help="Empty: the bank account's currency.")
    account_column = fields.Char(
        help="Empty: the bank account is chosen at the upload or on the feed."
    )
    text = fields.Char(string="Texts", help="Columns that make the text, separated by commas.")
    partner_name = fields.Char(string="Other Party")
    partner_account = fields.Char(string="Other Party's Account")
    partner_bic = fields.Char(string="Other Party's BIC")
    reference = fields.Char(string="Bank's Reference")
    end_to_end_id = fields.Char(string="End-to-End Reference")
    mandate_id = fields.Char(string="Direct Debit Mandate")
    dates = fields.Selection(
        [
            ("dmy", "Day/Month/Year"),
            ("mdy", "Month/Day/Year"),
            ("ymd", "Year/Month/Day"),
            ("serial", "A Workbook's Day Numbers"),
        ],
        help="Empty: shown by the file itself, or the file is refused. Day numbers, such as 46085, stand in a workbook"
        " whose cells have lost the format of a date.",
    )
    decimals = fields.Selection(
        [(".", "1,234.56"), (",", "1.234,56")],
        string="Amounts",
        help="Empty: shown by the file itself, or the file is refused.",
    )
    encoding = fields.Selection(
        ENCODINGS,
        string="Characters",
        help="Only where the file itself does not show it, and names come with wrong letters.",
    )
    delimiter = fields.Selection(
        [(";", "Semicolon"), (",", "Comma"), ("\t", "Tab"), ("|", "Bar")],
        help="Empty: the one that splits the rows into equally many cells.",
    )
    has_header = fields.Boolean(string="First Row Names the Columns", default=True)
    skip = fields.Integer(string="Rows Before It", help="Lines that are no part of the table.")
    skip_end = fields.Integer(string="Rows After the Last", help="Totals and notes at the end.")
    sheet = fields.Char(help="Of a workbook; empty: the first one that is not hidden.")

    def _to_profile(self):
        """:return: the profile as the reader takes it
        :rtype: Profile
        """
        self.ensure_one()
        return Profile(
            **{name: self[name] or None for name in COLUMNS if name != "booking_date"},
            **{name: _split(self[name]) for name in LISTS},
            **{name: self[name] or None for name in CHOICES},
            booking_date=self.booking_date or "",
            reversed=self.is_reversed,
            has_header=self.has_header,
            skip=self.skip,
            skip_end=self.skip_end,
        )

    @api.model
    def _from_profile(self, profile):
        """:return: the values of a profile's fields
        :rtype: dict
        """
        names = (*COLUMNS, *CHOICES)
        return {
            **{name: getattr(profile, name) or False for name in names},
            **{name: ", ".join(getattr(profile, name)) or False for name in LISTS},
            "is_reversed": profile.reversed,
            "has_header": profile.has_header,
            "skip": profile.skip,
            "skip_end": profile.skip_end,
        }


class BankStatementProfile(models.Model):
    """How one bank's tables are read. What was booked with it before stays as it is when it changes."""

    _name = "bank.statement.profile"
    _description = "Column Profile"
    _inherit = ["bank.statement.profile.mixin", "finance.audited.mixin"]
    _order = "name, id"
    _audit_subject = "profile"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )

    @api.constrains(
        "booking_date",
        "amount",
        "debit",
        "credit",
        "indicator",
        "fee",
        "fees",
        "reversal",
        "reversal_words",
        "skip",
        "skip_end",
    )
    def _check_complete(self):
        for profile in self:
            if not profile.booking_date:
                raise ValidationError(self.env._("Which column is the booking date?"))
            if not profile.amount and not (profile.debit or profile.credit):
                raise ValidationError(
                    self.env._(
                        "Which column is the amount, or which ones are money out and money in?"
                    )
                )
            if profile.amount and (profile.debit or profile.credit):
                raise ValidationError(
                    self.env._(
                        "Either one column is the amount, or two are money out and money in."
                    )
                )
            if profile.indicator and not (profile.debit_words and profile.credit_words):
                raise ValidationError(
                    self.env._(
                        "What stands in the column “%s” for money out and for money in?",
                        profile.indicator,
                    )
                )
            if profile.fee and not profile.fees:
                raise ValidationError(
                    self.env._(
                        "Does the amount have the fee of the column “%s” in it already, or is it charged on top?",
                        profile.fee,
                    )
                )
            if profile.reversal and not profile.reversal_words:
                raise ValidationError(
                    self.env._("What stands in the column “%s” for a reversal?", profile.reversal)
                )
            if profile.skip < 0 or profile.skip_end < 0:
                raise ValidationError(self.env._("Rows to skip are zero or more."))


def _split(text):
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
