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
            [("interface_id", "=", setup.interface_id.id), ("work_status", "=", "ready")]
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
            path = drop / "a.xml"
            path.write_bytes(self.file(("5.00", "x")))
            os.utime(path, (1_700_000_000, 1_700_000_000))
            setup.action_dry_run()
            self.process(setup)
            self.assertFalse(self.lines(), "a dry run books nothing")
            self.assertIn("<b>1</b> lines would be booked", setup.preview)
            # Left, and resumed by a colleague.
            again = setup.browse(setup.id)
            again.action_go_live()
            self.process(again)
        self.assertEqual(self.lines().amount, 5.0)
        self.assertEqual((setup.step, setup.interface_id.mode), ("live", "live"))

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
        with (
            patch.object(adapter_class, "_test_connection", lambda *args: "Hello"),
            patch.object(
                adapter_class, "_list_accounts", side_effect=FinalError("No.", next_step="Do.")
            ),
        ):
            setup.action_test()
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
