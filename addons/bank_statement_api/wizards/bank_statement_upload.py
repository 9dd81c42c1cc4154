import base64
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.bank_statement_api.models.bank_statement_profile import ENCODINGS
from odoo.addons.finance_connector_base.tools.digest import sha256_hex

_ABANDONED_HOURS = 2


class BankStatementUpload(models.TransientModel):
    """Bring statement files by hand: the way in that works when no other does."""

    _name = "bank.statement.upload"
    _description = "Upload of Bank Statements"
    _check_company_auto = True
    _upload_code = "bank.statement.upload"
    """Code of the company's interface for uploads."""
    _upload_handler = "bank_statement"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    attachment_ids = fields.Many2many(
        "ir.attachment",
        string="Files",
        required=True,
        help="As the bank gave them, plain, in a ZIP or GZIP.",
    )
    journal_id = fields.Many2one(
        "account.journal",
        string="Bank Account",
        check_company=True,
        domain="[('type', 'in', ('bank', 'credit')), ('company_id', '=', company_id)]",
        help="For files that do not say which account they are about, such as QIF and CSV.",
    )
    profile_id = fields.Many2one(
        "bank.statement.profile",
        string="Column Profile",
        check_company=True,
        domain="[('company_id', '=', company_id)]",
        help="For CSV and XLSX: which column is what.",
    )
    date_order = fields.Selection(
        [("dmy", "Day/Month/Year"), ("mdy", "Month/Day/Year"), ("ymd", "Year/Month/Day")],
        string="Dates",
        help="Only where the file can be read in several ways.",
    )
    decimal_mark = fields.Selection(
        [(".", "1,234.56"), (",", "1.234,56")],
        string="Amounts",
        help="Only where the file can be read in several ways.",
    )
    encoding = fields.Selection(
        ENCODINGS,
        string="Characters",
        help="Only where names come with wrong letters: try it out.",
    )
    outcome = fields.Html(readonly=True)

    def action_try(self):
        """Say what uploading the files would do, one after the other, and keep nothing of it.

        :return: action that shows the same form, with the answer
        """
        self.ensure_one()
        with self.env.cr.savepoint() as savepoint:
            tried = [
                self._outcome(attachment.name, exchange)
                for attachment, exchange in self._receive_files()
            ]
            savepoint.rollback()
        self.outcome = self.env["ir.qweb"]._render(
            "bank_statement_api.bank_statement_upload_outcome", {"tried": tried}
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What the Upload Would Do"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def action_upload(self):
        """Store the files and process them; a file known from any channel is recognised.

        :return: action that shows the exchanges
        """
        self.ensure_one()
        exchanges = self.env["finance.exchange"].union(
            *(exchange for _attachment, exchange in self._receive_files())
        )
        # The bytes are kept encrypted with the exchange; the clear copy in the file store has done its work. What hangs
        # on another record was not made for this upload.
        self.sudo().attachment_ids.filtered(
            lambda attachment: (
                attachment.create_uid == self.env.user
                and attachment.res_model in (False, self._name)
            )
        ).unlink()
        action = {
            "type": "ir.actions.act_window",
            "name": self._upload_title(),
            "res_model": "finance.exchange",
            "view_mode": "list,form",
            "domain": [("id", "in", exchanges.ids)],
        }
        if len(exchanges) == 1:
            action |= {"view_mode": "form", "views": [(False, "form")], "res_id": exchanges.id}
        return action

    def _receive_files(self):
        """Yield each file, and its exchange once it is stored."""
        if not self.attachment_ids:
            raise UserError(self.env._("Choose at least one file."))
        if self.journal_id and not self.journal_id.bank_account_id:
            raise UserError(
                self.env._(
                    "%s has no account number, by which a statement finds its journal. Enter it on the journal first.",
                    self.journal_id.display_name,
                )
            )
        interface = self._get_interface(self.company_id)
        for attachment in self.attachment_ids:
            content = base64.b64decode(attachment.datas or b"")
            if not content:
                raise UserError(self.env._("%s is empty. Choose the file again.", attachment.name))
            exchange, is_new = self.env["finance.exchange"]._receive(
                interface,
                self._file_key(content),
                content,
                source="upload",
                filename=attachment.name,
                content_type=attachment.mimetype,
            )
            self._tell(exchange, is_new)
            yield attachment, exchange

    def _outcome(self, name, exchange):
        """:return: name of the file, how it would end, and what a person would be asked, for the template"""
        report = exchange._try_dry()
        handler = exchange.interface_id.sudo()._handler()
        problems = [each["summary"] for each in report.get("exceptions", ())]
        if error := report.get("error"):
            problems.append(f"{error['message']} {error['next_step']}".strip())
        return {
            "name": name,
            "result": handler._describe_result(report.get("result") or {}),
            "problems": problems,
        }

    def _file_key(self, content):
        """:return: what a file that was uploaded before is recognised by"""
        return f"file:{sha256_hex(content)}"

    def _upload_title(self):
        return self.env._("Uploaded Statements")

    def _upload_interface_name(self):
        return self.env._("Statements uploaded by hand")

    def _tell(self, exchange, is_new):
        """Keep what was said of a file with its exchange; one that waited for it goes on.

        What was booked already was read in its own way: nothing changes that.
        """
        reading = self._reading()
        waits = exchange.work_status == "exception" and exchange.milestone == "received"
        if not reading or not (is_new or waits):
            return
        exchange.sudo().statement_reading = reading
        if waits:
            exchange._engine()._resume()

    def _reading(self):
        """:return: what was said of the files, for the handler"""
        self.ensure_one()
        told = {
            "journal_id": self.journal_id.id,
            "profile_id": self.profile_id.id,
            "dates": self.date_order,
            "decimals": self.decimal_mark,
            "encoding": self.encoding,
        }
        return {name: value for name, value in told.items() if value}

    @api.autovacuum
    def _gc_abandoned(self):
        """Remove the clear copies of uploads that were begun and never confirmed."""
        self.env["ir.attachment"].sudo().search(
            [
                ("res_model", "=", self._name),
                ("create_date", "<", fields.Datetime.now() - timedelta(hours=_ABANDONED_HOURS)),
            ]
        ).unlink()

    @api.model
    def _get_interface(self, company):
        """The company's interface for uploads, made at the first use.

        :param company: ``res.company``, one record
        :return: ``finance.interface``
        """
        if company not in self.env.companies:
            raise UserError(
                self.env._("Switch to %s before uploading its statements.", company.name)
            )
        model_sudo = self.env["finance.interface"].sudo()
        interface_sudo = model_sudo.search(
            [("company_id", "=", company.id), ("code", "=", self._upload_code)], limit=1
        )
        if not interface_sudo:
            connection_sudo = (
                self.env["finance.connection"]
                .sudo()
                .create(
                    {
                        "name": self.env._("Uploads of %s", company.name),
                        "company_id": company.id,
                        "adapter": "upload",
                        "owner_id": False,
                    }
                )
            )
            interface_sudo = model_sudo.create(
                {
                    "name": self._upload_interface_name(),
                    "code": self._upload_code,
                    "company_id": company.id,
                    "connection_id": connection_sudo.id,
                    "handler": self._upload_handler,
                    "sync_mode": "manual",
                    "in_order": True,
                }
            )
            interface_sudo._go_live(reason=self.env._("Made at the first upload."))
        return interface_sudo.sudo(False)
