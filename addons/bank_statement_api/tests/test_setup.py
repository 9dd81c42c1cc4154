import os
import shutil
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.bank_statement_api.tools.documents import AccountRef
from odoo.addons.bank_statement_api.tools.nextgenpsd2 import ApiAccount
from odoo.addons.finance_connector_base.tools.errors import FinalError

from .common import IBAN, StatementCase

IBAN_NEW = "AT611904300234573201"
TABLE = b"Date;Amount;Text\n2026-03-02;5.00;Rent\n2026-03-03;-2.00;Fee\n"


@tagged("post_install", "-at_install")
class TestSetup(StatementCase):
    """From a bank's name to booked lines, as a manager goes it; mistakes are shown and nothing is lost."""

    def make(self, adapter, user=None, **values):
        return (
            self.env["bank.statement.setup"]
            .with_user(user or self.manager)
            .create({"name": "House bank", "adapter": adapter, "environment": "test", **values})
        )

    def process(self, setup):
        for feed in setup._feeds():
            feed._job_fetch()
        for exchange in self.env["finance.exchange"].search(
            [("interface_id", "=", setup.interface_id.id), ("work_status", "=", "ready")],
            order="id",
        ):
            exchange._job_process()

    def test_folder_from_its_name_to_booked_lines(self):
        root = self.make_folder()
        drop = root / "drop"
        self.addCleanup(shutil.rmtree, drop, ignore_errors=True)
        setup = self.make("folder")
        setup.action_choose()
        self.assertEqual(setup.asks, "endpoint")
        setup.endpoint = str(drop)
        with patch.dict(os.environ, {"FINANCE_FILE_ROOTS": str(root)}):
            setup.action_test()
            self.assertEqual(setup.step, "access")
            self.assertIn("Create the folder", setup.problem)
            drop.mkdir()
            setup.action_test()
            self.assertEqual((setup.step, setup.problem), ("accounts", False))
            self.assertIn("0 files wait", setup.answer)
            for name, content in (("a.xml", self.file(("5.00", "x"))), ("note.txt", b"hello")):
                path = drop / name
                path.write_bytes(content)
                os.utime(path, (1_700_000_000, 1_700_000_000))
            setup.action_dry_run()
            self.process(setup)
            self.assertFalse(self.lines(), "a dry run books nothing")
            self.assertIn("<b>1</b> lines would be booked", setup.preview)
            self.assertIn("note.txt: The file is not a bank statement", setup.preview)
            # Left, and resumed by a colleague.
            again = setup.browse(setup.id)
            again.action_go_live()
            self.process(again)
        self.assertEqual(self.lines().amount, 5.0)
        self.assertEqual((setup.step, setup.interface_id.mode), ("live", "live"))

    def test_dry_run_shows_what_is_chosen_now(self):
        """Who goes back for another pattern or profile sees what these bring, and nothing of the try before."""
        drop = self.make_folder()
        for name, content in (("a.xml", self.file(("5.00", "x"))), ("b.csv", TABLE)):
            path = drop / name
            path.write_bytes(content)
            os.utime(path, (1_700_000_000, 1_700_000_000))
        profile = self.make_profile()
        setup = self.make("folder")
        setup.action_choose()
        setup.endpoint = str(drop)
        shown = []
        with patch.dict(os.environ, {"FINANCE_FILE_ROOTS": str(drop)}):
            setup.action_test()
            for choice in (
                {},
                {"filename_pattern": "*.xml"},
                {"filename_pattern": "*.csv", "profile_id": profile.id},
                {"journal_id": self.journal.id},
            ):
                setup.write(choice)
                setup.action_dry_run()
                self.process(setup)
                told = setup._preview_values()
                shown.append((told["received"], told["totals"]["lines"], told["problems"]))
                setup.action_back()
        every, xml, table, table_of_account = shown
        self.assertEqual(every[:2], (2, 1))
        self.assertIn("column profile", every[2][0])
        self.assertEqual(xml, (1, 1, []))
        self.assertEqual(table[:2], (1, 0))
        self.assertIn("account", table[2][0])
        self.assertEqual(table_of_account, (1, 2, []))
        self.assertEqual(len(setup._feeds()), 1)

    def test_dry_run_counts_a_file_that_is_named_by_its_account(self):
        drop = self.make_folder()
        path = drop / f"camt053_{IBAN}_1.xml"
        path.write_bytes(self.file(("5.00", "x")))
        os.utime(path, (1_700_000_000, 1_700_000_000))
        setup = self.make("folder")
        setup.action_choose()
        setup.write({"endpoint": str(drop), "filename_pattern": f"*{IBAN}*.xml"})
        with patch.dict(os.environ, {"FINANCE_FILE_ROOTS": str(drop)}):
            setup.action_test()
            setup.action_dry_run()
            self.assertFalse(setup._preview_values()["fetched"])
            self.process(setup)
            self.assertEqual(setup._preview_values()["totals"]["lines"], 1)
            setup.action_back()
            setup.action_dry_run()
            self.assertFalse(setup._preview_values()["fetched"], "of the try before")

    def test_account_bound_to_another_journal_is_tried_with_that_alone(self):
        setup = self.make("nextgenpsd2", step="accounts")
        setup.connection_id = self.make_connection("nextgenpsd2", endpoint="https://x.example")
        first, second = self.discover(setup, ("r1", IBAN, "EUR"), ("r2", IBAN_NEW, "EUR"))
        other = self.make_journal(self.company_a, "CH9300762011623852957", code="OTHR")
        second.journal_id = other
        setup.action_dry_run()
        self.assertEqual(setup._feeds().mapped("resource_ref"), ["r1", "r2"])
        self.env["finance.exchange"]._receive(
            setup.interface_id, "window", b"[]", source="schedule", record=setup._feeds()[1]
        )
        self.assertEqual(setup._preview_values()["received"], 1)
        setup.action_back()
        first.write({"journal_id": False, "create_journal": False})
        second.journal_id = self.journal
        setup.action_dry_run()
        feed = setup._feeds()
        self.assertEqual((feed.resource_ref, feed.journal_id), ("r2", self.journal))
        self.assertEqual(
            setup._preview_values()["received"], 0, "the other journal's counts no more"
        )

    def test_accounts_are_discovered_linked_and_journals_made(self):
        setup = self.make("nextgenpsd2")
        setup.action_choose()
        setup.write({"endpoint": "https://bank.example", "client_id": "c"})
        setup.action_test()
        self.assertIn("OAuth2 client secret", setup.problem)
        self.env["finance.credential"].with_user(self.manager).create(
            {
                "name": "s",
                "connection_id": setup.connection_id.id,
                "kind": "client_secret",
                "secret": "s",
            }
        )
        accounts = tuple(
            ApiAccount(
                resource_id=reference,
                account=AccountRef(iban=iban, currency="EUR"),
                name=f"Account {reference}",
            )
            for reference, iban in (("r1", IBAN), ("r2", IBAN_NEW))
        )
        adapter_class = self.registry["finance.adapter.nextgenpsd2"]
        with patch.object(adapter_class, "_test_connection", lambda *args: "Hello"):
            setup.action_test()
        self.assertEqual((setup.step, setup.problem), ("consent", False))
        self.confirm(setup, adapter_class)
        self.assertEqual((setup.step, setup.problem), ("accounts", "No.\nDo."))
        with patch.object(adapter_class, "_list_accounts", lambda *args: accounts):
            setup.action_discover()
            setup.action_discover()
        self.assertEqual(len(setup.account_ids), 2)
        known, new = setup.account_ids
        self.assertEqual((known.journal_id, new.create_journal), (self.journal, True))
        setup.action_dry_run()
        self.assertEqual(new.journal_id.bank_account_id.sanitized_acc_number, IBAN_NEW)
        feeds = setup._feeds()
        self.assertEqual(feeds.journal_id, self.journal | new.journal_id)
        self.assertEqual(setup.interface_id.mode, "shadow")
        setup.action_back()
        setup.action_dry_run()
        self.assertEqual(setup._feeds(), feeds, "twice is once")

    def confirm(self, setup, adapter_class):
        """The consent of an account holder, whom the bank's page asks; the bank lists no account yet."""
        setup.action_ask_consent()
        self.assertIn("PSU-ID", setup.problem)
        setup.holder_ref = "psu"
        asked = {
            "external_ref": "c1",
            "state": "received",
            "valid_until": False,
            "redirect_url": "https://bank.example/confirm",
        }
        with patch.object(
            adapter_class, "_request_consent", side_effect=FinalError("Down.", next_step="Wait.")
        ):
            setup.action_ask_consent()
            self.assertEqual((setup.step, setup.problem), ("consent", "Down.\nWait."))
        with patch.object(adapter_class, "_request_consent", lambda *args: asked):
            self.assertEqual(setup.action_ask_consent()["url"], "https://bank.example/confirm")
        with patch.object(adapter_class, "_consent_state", lambda *args: "received"):
            setup.action_check_consent()
            self.assertIn("not given yet: Waiting for the Account Holder", setup.problem)
            self.assertEqual(setup.step, "consent")
        with (
            patch.object(adapter_class, "_consent_state", lambda *args: "valid"),
            patch.object(
                adapter_class, "_list_accounts", side_effect=FinalError("No.", next_step="Do.")
            ),
        ):
            setup.action_check_consent()

    def test_every_kind_says_what_it_needs(self):
        """A kind that asks for nothing could not be set up here: the address alone opens no bank."""
        for code, label in self.env["bank.statement.setup"]._selection_adapter():
            with self.subTest(label):
                adapter = self.env[f"finance.adapter.{code}"]
                self.assertIn("endpoint", adapter._connection_fields)
                setup = self.make(code)
                for name in adapter._connection_fields:
                    self.assertIn(name, setup._fields)
                if adapter._needs_consent:
                    self.assertIn(("client_secret",), adapter._credential_kinds)
                setup.action_choose()
                for name, value in setup._suggested().items():
                    self.assertEqual(setup.connection_id[name], value)
                self.assertEqual(bool(setup.secrets_missing), bool(adapter._credential_kinds))

    def test_address_follows_the_environment(self):
        setup = self.make("plaid")
        for environment, address in (
            ("test", "https://sandbox.plaid.com"),
            ("production", "https://production.plaid.com"),
        ):
            setup.write({"step": "kind", "environment": environment})
            setup.action_choose()
            self.assertEqual(setup.connection_id.endpoint, address)

    def test_webhooks_of_the_other_side_are_let_in(self):
        setup = self.make("plaid")
        setup.action_choose()
        setup.write({"step": "preview", "interface_id": setup._make_interface().id})
        setup.action_go_live()
        notices = setup.connection_id.interface_ids.filtered(
            lambda interface: interface.handler == "bank_notification"
        )
        self.assertEqual((notices.mode, notices.name), ("live", "Notices of House bank"))
        self.assertIn(setup.connection_id.webhook_token, setup.webhook_address)

    def test_only_managers_set_up_and_only_their_company(self):
        with self.assertRaises(AccessError):
            self.make("folder", user=self.operator)
        setup = self.make("folder")
        setup.action_choose()
        with self.assertRaises(AccessError):
            setup.with_user(self.operator).action_test()
        with self.assertRaises(AccessError):
            setup.with_user(self.users["manager", "b"]).action_test()

    def test_step_that_is_over_is_not_done_again(self):
        setup = self.make("folder")
        setup.action_choose()
        with self.assertRaises(UserError):
            setup.action_choose()

    def test_secret_is_never_shown(self):
        setup = self.make("sftp")
        setup.action_choose()
        setup.credential_ids = [
            (0, 0, {"name": "Key", "kind": "password", "secret": "very-secret"})
        ]
        self.assertFalse(setup.secrets_missing)
        self.assertFalse(setup.credential_ids.secret)

    def test_nothing_is_guessed_and_nothing_is_made_twice(self):
        setup = self.make("nextgenpsd2")
        self.env.ref("base.GBP").active = False
        setup.write({"step": "accounts"})
        setup.connection_id = self.make_connection("nextgenpsd2", endpoint="https://bank.example")
        adapter_class = self.registry["finance.adapter.nextgenpsd2"]
        with patch.object(adapter_class, "_list_accounts", lambda *args: ()):
            setup.action_discover()
        self.assertIn("lists no account", setup.problem)
        setup.action_dry_run()
        self.assertIn("at least one account", setup.problem)
        accounts = (
            ApiAccount(resource_id="r1", account=AccountRef(iban=IBAN, currency="GBP")),
            ApiAccount(resource_id="r2", account=AccountRef(iban=IBAN_NEW, currency="EUR")),
        )
        with patch.object(adapter_class, "_list_accounts", lambda *args: accounts):
            setup.action_discover()
        pounds, new = setup.account_ids
        self.assertFalse(pounds.journal_id, "the account with this number is in euros")
        twin = self.make_journal(self.company_a, "CH9300762011623852957", code="TWIN")
        twin.bank_account_id = self.journal.bank_account_id
        self.assertFalse(
            setup._find_journal(AccountRef(iban=IBAN, currency="EUR")), "two have this number"
        )
        with self.assertRaisesRegex(UserError, "Switch on the currency GBP"):
            setup.action_dry_run()
        pounds.create_journal = False
        bank_account = self.env["res.partner.bank"].create(
            {"acc_number": IBAN_NEW, "partner_id": self.company_a.partner_id.id}
        )
        setup.action_dry_run()
        self.assertEqual(new.journal_id.bank_account_id, bank_account)
        self.env.flush_all()
        self.assertIn(
            "journal.created", self.env["finance.audit.event"].sudo().search([]).mapped("action")
        )

    def discover(self, setup, *accounts):
        """Let the other side list accounts: reference, number, currency."""
        listed = tuple(
            ApiAccount(
                resource_id=reference,
                account=AccountRef(other_id=number, currency=currency),
                name="Current",
            )
            for reference, number, currency in accounts
        )
        adapter_class = self.registry[f"finance.adapter.{setup.adapter}"]
        with patch.object(adapter_class, "_list_accounts", lambda *args: listed):
            setup.action_discover()
        return setup.account_ids

    def test_end_of_a_number_is_no_account_number(self):
        """Plaid tells the last four digits: a journal is proposed by them, and none is made of them."""
        setup = self.make("plaid", step="accounts")
        setup.connection_id = self.make_connection("plaid", endpoint="https://plaid.example")
        known, new, dollars = self.discover(
            setup, ("r1", IBAN[-4:], "EUR"), ("r2", "3201", "EUR"), ("r3", IBAN[-4:], "USD")
        )
        self.assertEqual((known.journal_id, known.name), (self.journal, f"Current …{IBAN[-4:]}"))
        for account in (new, dollars):
            self.assertEqual(
                (account.journal_id, account.account_number, account.create_journal),
                (self.env["account.journal"], False, False),
            )
        new.create_journal = True
        with self.assertRaisesRegex(UserError, "Enter the whole account number of Current …3201"):
            setup.action_dry_run()
        new.account_number = IBAN_NEW
        setup.action_dry_run()
        self.assertEqual(new.journal_id.bank_account_id.sanitized_acc_number, IBAN_NEW)
        self.assertEqual(setup._feeds().journal_id, self.journal | new.journal_id)

    def test_account_of_another_company_is_told_and_not_taken(self):
        self.make_journal(self.company_b, IBAN_NEW, code="ELSE")
        setup = self.make("gocardless", step="accounts")
        setup.connection_id = self.make_connection("gocardless", endpoint="https://x.example")
        account = self.discover(setup, ("r1", IBAN_NEW, "EUR"))
        self.assertTrue(account.create_journal, "what this person may not see is not told")
        setup.account_ids.unlink()
        self.manager.company_ids |= self.company_b
        account = self.discover(setup, ("r1", IBAN_NEW, "EUR"))
        self.assertIn("An account of Birch GmbH", account.remark)
        self.assertFalse(account.create_journal)

    def test_there_is_no_way_back_from_the_first_and_the_last_step(self):
        setup = self.make("folder")
        with self.assertRaises(UserError):
            setup.action_back()
        setup.step = "live"
        with self.assertRaises(UserError):
            setup.action_back()
        with self.assertRaises(AccessError):
            setup.with_user(self.operator).action_back()

    def test_webhooks_are_let_in_once_and_only_where_there_are_any(self):
        for adapter, count in (("plaid", 1), ("folder", 0)):
            setup = self.make(adapter)
            setup.action_choose()
            for _time in range(2):
                setup._make_notices()
            notices = setup.connection_id.interface_ids.filtered(
                lambda interface: interface.handler == "bank_notification"
            )
            self.assertEqual(len(notices), count)
