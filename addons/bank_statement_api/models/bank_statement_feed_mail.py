import fnmatch

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import email_normalize_all

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.mail.tools.alias_error import AliasError

MAX_FILES = 50
MAX_BYTES = 25 * 1024 * 1024
"""Of one attachment; mail servers take little more."""
# What fnmatch reads as any letter, or some.
_WILD = frozenset("*?[")


class BankStatementFeed(models.Model):
    """Statements that a bank sends by mail to an address of the feed."""

    _name = "bank.statement.feed"
    _inherit = ["bank.statement.feed", "mail.alias.mixin.optional"]

    kind = fields.Selection(
        selection_add=[("mail", "E-mail to an address")], ondelete={"mail": "cascade"}
    )
    mail_senders = fields.Char(
        string="Allowed Senders",
        help="Addresses, or *@bank.example for a whole domain, separated by commas. Mails of others are refused."
        " A sender can be forged: have your mail server check SPF, DKIM and DMARC.",
    )

    _mail_senders_required = models.Constraint(
        "CHECK(kind != 'mail' OR mail_senders IS NOT NULL)",
        "Say who may send statements to this address.",
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("mail_senders")
    def _check_mail_senders(self):
        for feed in self:
            for pattern in feed._sender_patterns():
                local, _, domain = pattern.rpartition("@")
                if not local or "." not in domain or not _WILD.isdisjoint(domain):
                    raise ValidationError(
                        self.env._(
                            "%s is no sender: write an address, or *@ and a whole domain.", pattern
                        )
                    )

    # === ALIAS === #

    def _alias_get_creation_values(self):
        return {
            **super()._alias_get_creation_values(),
            "alias_model_id": self.env["ir.model"]._get_id("bank.statement.feed"),
            "alias_force_thread_id": self.id,
            # Who may send is checked by the feed, whatever is set here.
            "alias_contact": "everyone",
        }

    def _alias_get_error(self, message, message_dict, alias):
        if not self._may_send(message):
            return AliasError("error_sender_not_allowed", self.env._("restricted to known senders"))
        return super()._alias_get_error(message, message_dict, alias)

    # === RECEIVING === #

    def _sender_patterns(self):
        return [
            part.strip().lower() for part in (self.mail_senders or "").split(",") if part.strip()
        ]

    def _may_send(self, message):
        """Whether statements are taken from the sender of a mail; what cannot be told is no.

        A refusal is put before a person, since it may be the bank with a new address.

        :rtype: bool
        """
        if self.kind != "mail" or not self.active:
            return False
        # Of the mail itself: Odoo keeps the first of several senders.
        addresses = email_normalize_all(_senders(message))
        if len(addresses) == 1 and any(
            fnmatch.fnmatchcase(addresses[0], pattern) for pattern in self._sender_patterns()
        ):
            return True
        self._open_mail_exception(
            "mail_sender_refused",
            self.env._(
                "A mail of %(sender)s to %(feed)s was refused.",
                sender=", ".join(addresses) or self.env._("an unknown sender"),
                feed=self.name,
            ),
        )
        return False

    def _receive_mail(self, message, message_id):
        """Store the attachments of a mail, in the caller's transaction. No clear copy of them, or of the mail, is kept.

        :param email.message.EmailMessage message: the whole mail
        :param str message_id: of the mail, by which Odoo knows one that comes again
        :return: the exchanges of its attachments
        """
        self.ensure_one()
        exchanges = self.env["finance.exchange"]
        if not self._may_send(message):
            return exchanges
        found = 0
        for name, content in _attachments(message):
            if not self._wants_file(name):
                continue
            found += 1
            if found > MAX_FILES or len(content) > MAX_BYTES:
                self._open_mail_exception(
                    "file_too_large",
                    self.env._(
                        "A mail brought %(name)s, which was not taken: more than %(files)s files, or larger"
                        " than %(bytes)s bytes.",
                        name=name,
                        files=MAX_FILES,
                        bytes=MAX_BYTES,
                    ),
                )
                break
            exchange, _is_new = exchanges._receive(
                self.interface_id,
                f"file:{sha256_hex(content)}",
                content,
                source="mail",
                filename=name,
                record=self,
            )
            exchanges |= exchange
        if not found:
            self._open_mail_exception(
                "mail_without_statement",
                self.env._("A mail to %(feed)s had no statement attached.", feed=self.name),
            )
        now = fields.Datetime.now()
        self.write({"last_attempt_at": now, **({"last_success_at": now} if exchanges else {})})
        self.message_post(
            body=Markup("%s %s")
            % (
                self.env._(
                    "A mail of %s came in.", ", ".join(email_normalize_all(_senders(message)))
                ),
                ", ".join(exchanges.mapped("name")),
            ),
            message_id=message_id,
            subtype_xmlid="mail.mt_note",
        )
        return exchanges

    def _open_mail_exception(self, code, summary):
        self.env["finance.exception"]._open(
            code,
            summary,
            kind="technical",
            unit_key=f"feed:{self.id}",
            record=self,
            company=self.company_id,
            connection=self.connection_id,
        )


def _senders(message):
    return ",".join(str(header) for header in message.get_all("From", []))


def _attachments(message):
    """Yield name and bytes of what is attached to a mail, also to a mail inside it; pictures of its text are not."""
    for part in message.walk():
        if part.is_multipart():
            continue
        name = part.get_filename()
        attached = name or part.get_content_disposition() == "attachment"
        if attached and not (part.get("content-id") and part.get_content_maintype() == "image"):
            # Not get_content(), which decodes text: what counts is the bank's bytes.
            yield name or "attachment", part.get_payload(decode=True) or b""
