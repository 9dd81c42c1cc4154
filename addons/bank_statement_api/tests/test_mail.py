import email.policy
from datetime import timedelta
from decimal import Decimal
from email.message import EmailMessage
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.bank_statement_api.models import bank_statement_feed_mail

from .camt_writer import Line
from .common import DAY, IBAN, StatementCase

SENDER = "statements@bank.example"


@tagged("post_install", "-at_install")
class TestMail(StatementCase):
    """Statements by mail: from known senders only, each once, and in clear nowhere."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        domain = cls.env["mail.alias.domain"].create({"name": "alder.example"})
        cls.company_a.alias_domain_id = domain
        cls.mail_interface = cls.make_interface("bank_statement", cls.make_connection("upload"))
        cls.feed = (
            cls.env["bank.statement.feed"]
            .with_user(cls.manager)
            .create(
                {
                    "name": "Mails of the bank",
                    "kind": "mail",
                    "interface_id": cls.mail_interface.id,
                    "alias_name": "statements",
                    "mail_senders": f"{SENDER}, *@Other.example",
                }
            )
        )

    def mail(self, *files, sender=SENDER, number=1, to="statements@alder.example", body="Hello"):
        self.process(self.message(*files, sender=sender, number=number, to=to, body=body))

    def message(self, *files, sender=SENDER, number=1, to="statements@alder.example", body="Hello"):
        message = EmailMessage(policy=email.policy.SMTP)
        message["From"] = sender
        message["To"] = to
        message["Subject"] = f"Statement of {IBAN}"
        message["Message-Id"] = f"<{number}@bank.example>"
        message.set_content(body)
        for name, content in files:
            kind = ("text", "xml") if name.endswith(".xml") else ("application", "octet-stream")
            message.add_attachment(content, maintype=kind[0], subtype=kind[1], filename=name)
        return message.as_bytes()

    def process(self, mail):
        with mute_logger(
            "odoo.addons.mail.models.mail_thread", "odoo.addons.mail.models.mail_mail"
        ):
            self.env["mail.thread"].message_process(False, mail, save_original=True)

    def exchanges(self):
        return self.env["finance.exchange"].search(
            [("interface_id", "=", self.mail_interface.id)], order="id"
        )

    def codes(self):
        return (
            self.env["finance.exception"]
            .search([("res_model", "=", self.feed._name)])
            .mapped("code")
        )

    def test_every_attachment_becomes_an_exchange_with_the_banks_bytes(self):
        files = [
            ("a.xml", self.file(("5.00", "x"))),
            (
                "b.xml",
                self.file(
                    Line(DAY + timedelta(days=1), Decimal("6.00"), "y", reference="B"),
                    opening=Decimal("105.00"),
                    sequence=2,
                ),
            ),
        ]
        self.assertEqual(self.feed.alias_email, "statements@alder.example")
        self.mail(*files)
        exchanges = self.exchanges()
        self.assertEqual(
            [exchange._content() for exchange in exchanges], [file[1] for file in files]
        )
        self.assertEqual(set(exchanges.mapped("source")), {"mail"})
        for exchange in exchanges:
            exchange._job_process()
        self.assertEqual(self.lines().mapped("amount"), [5.0, 6.0])
        self.assertEqual(self.feed.health, "ok")

    def test_nothing_of_the_mail_stays_in_clear(self):
        attachments = self.env["ir.attachment"].sudo().search_count([])
        self.mail(("a.xml", self.file(("5.00", "x"))), body=f"Your balance of {IBAN}: 4711")
        self.assertEqual(len(self.exchanges()), 1)
        self.assertEqual(self.env["ir.attachment"].sudo().search_count([]), attachments)
        messages = (
            self.env["mail.message"]
            .sudo()
            .search([("model", "=", self.feed._name), ("res_id", "=", self.feed.id)])
        )
        for text in (IBAN, "4711", "Document"):
            self.assertNotIn(text, " ".join(f"{each.subject} {each.body}" for each in messages))
        self.assertIn(self.exchanges().name, " ".join(messages.mapped("body")))

    def test_mail_twice_is_once(self):
        content = self.file(("5.00", "x"))
        self.mail(("a.xml", content))
        self.mail(("a.xml", content))
        self.mail(("renamed.xml", content), number=2)
        self.assertEqual(len(self.exchanges()), 1)
        # By its id Odoo knows the mail that came again, and asks nothing about it.
        notes = self.feed.message_ids.filtered(lambda note: "came in" in note.body)
        self.assertEqual(
            sorted(notes.mapped("message_id")), ["<1@bank.example>", "<2@bank.example>"]
        )
        self.assertEqual(notes.subtype_id, self.env.ref("mail.mt_note"), "sent to no follower")

    def test_mail_that_others_get_as_well_reaches_them(self):
        self.env["mail.alias"].create(
            {
                "alias_name": "info",
                "alias_domain_id": self.company_a.alias_domain_id.id,
                "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
            }
        )
        to = "statements@alder.example, info@alder.example"
        self.mail(("a.xml", self.file(("5.00", "x"))), to=to)
        self.assertEqual(len(self.exchanges()), 1)
        self.assertTrue(self.env["res.partner"].search([("name", "=", f"Statement of {IBAN}")]))

    def test_statement_is_read_as_the_feed_says(self):
        self.feed.imbalance_policy = "book"
        content = self.file(("50.00", "x"))
        self.mail((f"{IBAN}.xml", content.replace(b">150.00<", b">151.00<")))
        self.exchanges()._job_process()
        self.assertEqual(self.lines().amount, 50.0)

    def test_unknown_senders_are_refused_and_shown(self):
        for number, sender in enumerate(
            (
                "thief@bank.example",
                "statements@bank.example.evil.example",
                f"{SENDER}, thief@evil.example",
                '"statements@bank.example" <thief@evil.example>',
                "",
                "x@sub.other.example",
            )
        ):
            self.mail(("a.xml", self.file(("5.00", "x"))), sender=sender, number=number)
        two = self.message(("a.xml", self.file(("5.00", "x"))), number=98)
        self.process(two.replace(b"\r\nTo:", b"\r\nFrom: thief@evil.example\r\nTo:", 1))
        self.assertFalse(self.exchanges())
        [told] = self.env["finance.exception"].search([("res_model", "=", self.feed._name)])
        self.assertEqual((told.code, told.kind), ("mail_sender_refused", "technical"))
        self.assertEqual(
            (told.company_id, told.connection_id), (self.company_a, self.feed.connection_id)
        )
        self.mail(("a.xml", self.file(("5.00", "x"))), sender="Other <x@OTHER.example>", number=99)
        self.assertEqual(len(self.exchanges()), 1)

    def test_reply_into_the_thread_is_no_way_around_the_list(self):
        note = self.feed.message_post(body="Hello")
        message = EmailMessage(policy=email.policy.SMTP)
        message["From"] = "thief@evil.example"
        message["To"] = "catchall@alder.example"
        message["Message-Id"] = "<reply@evil.example>"
        message["In-Reply-To"] = message["References"] = note.message_id
        message.set_content("x")
        message.add_attachment(
            self.file(("5.00", "x")), maintype="text", subtype="xml", filename="a.xml"
        )
        attachments = self.env["ir.attachment"].sudo().search_count([])
        self.env["mail.thread"].message_process(False, message.as_bytes())
        self.assertFalse(self.exchanges())
        self.assertEqual(self.env["ir.attachment"].sudo().search_count([]), attachments)

    def test_feed_that_is_archived_or_of_another_kind_takes_nothing(self):
        attachments = self.env["ir.attachment"].sudo().search_count([])
        for number, values in enumerate(({"active": False}, {"active": True, "kind": "files"})):
            self.feed.write(values)
            self.mail(("a.xml", self.file(("5.00", "x"))), number=number)
            self.assertFalse(self.exchanges())
            self.assertEqual(self.env["ir.attachment"].sudo().search_count([]), attachments)

    def test_files_not_of_the_pattern_and_mails_without_any_are_told(self):
        self.feed.filename_pattern = "*.xml"
        self.mail(("logo.png", b"png"))
        self.assertFalse(self.exchanges())
        self.assertEqual(self.codes(), ["mail_without_statement"])
        self.assertTrue(self.feed.last_attempt_at)
        self.assertFalse(self.feed.last_success_at)

    def test_too_large_a_file_is_told_and_not_taken(self):
        with patch.object(bank_statement_feed_mail, "MAX_BYTES", 2000):
            self.mail(("small.xml", b"<x/>"), (f"{IBAN}.xml", b"x" * 2001))
            self.mail((f"{IBAN}.xml", b"x" * 2001), number=2)
        self.assertEqual(len(self.exchanges()), 1)
        self.assertEqual(self.codes(), ["file_too_large"])
        told = self.env["finance.exception"].search([("code", "=", "file_too_large")])
        self.assertNotIn(IBAN, told.summary)

    def test_off_interface_keeps_it_for_later(self):
        self.mail_interface._set_mode("off")
        self.mail(("a.xml", self.file(("5.00", "x"))))
        self.assertEqual(self.exchanges().work_status, "ready")

    def test_senders_are_addresses_or_whole_domains(self):
        for senders in (
            "*",
            "*@*",
            "bank.example",
            "*@*.example",
            "x@localhost",
            "@bank.example",
            "*@b?nk.example",
            "*@ban[j-l].example",
        ):
            with self.subTest(senders), self.assertRaises(ValidationError):
                self.feed.mail_senders = senders
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.feed.mail_senders = False
            self.feed.flush_recordset()

    def test_attachments_are_found_as_programs_attach_them(self):
        """Without a name, inside the text, with the id of a picture, in a mail that is passed on: the bytes as sent."""
        message = email.message_from_bytes(self.message(), policy=email.policy.SMTP)
        passed_on = email.message_from_bytes(self.message(), policy=email.policy.SMTP)
        files = {number: b"<x>%d \xe9</x>\r\n" % number for number in range(4)}
        xml = {"maintype": "text", "subtype": "xml"}
        message.add_attachment(files[0], **xml)
        message.add_attachment(files[1], **xml, filename="1.xml", disposition="inline")
        message.add_attachment(files[2], **xml, filename="2.xml", cid="<2>")
        passed_on.add_attachment(files[3], **xml, filename="3.xml")
        message.add_attachment(passed_on)
        message.add_attachment(b"scan", "image", "png", filename="scan.png")
        self.process(message.as_bytes())
        found = [exchange._content() for exchange in self.exchanges()]
        self.assertEqual(found, [*files.values(), b"scan"])

    def test_what_the_mail_itself_is_made_of_is_no_statement(self):
        message = EmailMessage(policy=email.policy.SMTP)
        message["From"], message["To"] = SENDER, "statements@alder.example"
        message["Message-Id"] = "<picture@bank.example>"
        message.set_content("Hello")
        message.add_alternative("<img src='cid:logo'>", subtype="html")
        message.get_payload()[1].add_related(
            b"png", "image", "png", cid="<logo>", filename="logo.png"
        )
        with mute_logger("odoo.addons.mail.models.mail_thread"):
            self.env["mail.thread"].message_process(False, message.as_bytes())
        self.assertFalse(self.exchanges())
        self.assertEqual(self.codes(), ["mail_without_statement"])

    def test_too_many_files_are_told_and_not_taken(self):
        files = [(f"{number}.xml", b"<x>%d</x>" % number) for number in range(3)]
        with patch.object(bank_statement_feed_mail, "MAX_FILES", 2):
            self.mail(*files)
        self.assertEqual(len(self.exchanges()), 2)
        self.assertEqual(self.codes(), ["file_too_large"])
