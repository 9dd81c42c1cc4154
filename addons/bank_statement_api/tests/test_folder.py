import os
import shutil
from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from odoo.addons.bank_statement_api.adapters import folder
from odoo.addons.finance_connector_base.tools.errors import FinalError

from .common import IBAN, IBAN_B, StatementCase


@tagged("post_install", "-at_install")
class TestFolder(StatementCase):
    """A file is archived only after it is stored, and nobody reaches a folder that odoo.conf does not allow."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = cls.make_folder()
        cls.folder = cls.root / "drop"
        cls.folder.mkdir()
        cls.startClassPatcher(patch.dict(os.environ, {"FINANCE_FILE_ROOTS": str(cls.root)}))
        connection = cls.make_connection("folder", endpoint=str(cls.folder))
        interface = cls.make_interface("bank_statement", connection)
        cls.feed = cls.env["bank.statement.feed"].create(
            {
                "name": "Drop",
                "kind": "files",
                "interface_id": interface.id,
                "filename_pattern": "*.xml",
            }
        )

    def setUp(self):
        super().setUp()
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def drop(self, name, content, folder=None):
        path = (folder or self.folder) / name
        path.write_bytes(content)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        return path

    def exchanges(self):
        return self.env["finance.exchange"].search(
            [("interface_id", "=", self.feed.interface_id.id)]
        )

    def archived(self, kind):
        return sorted(path.name for path in (self.folder / kind).rglob("*") if path.is_file())

    def test_file_is_stored_then_archived(self):
        self.drop("a.xml", self.file(("5.00", "x")))
        self.feed._job_fetch()
        self.assertEqual(len(self.exchanges()), 1)
        self.assertEqual(self.archived("archive"), ["a.xml"])
        self.assertFalse(list(self.folder.glob("*.xml")))

    def test_same_bytes_under_another_name_are_a_duplicate_and_kept_apart(self):
        self.drop("a.xml", self.file(("5.00", "x")))
        self.feed._job_fetch()
        self.drop("b.xml", self.file(("5.00", "x")))
        self.feed._job_fetch()
        self.assertEqual(len(self.exchanges()), 1)
        self.assertEqual(self.archived("duplicates"), ["b.xml"])

    def test_reused_name_with_other_bytes_is_another_file(self):
        self.drop("a.xml", self.file(("5.00", "x")))
        self.feed._job_fetch()
        self.drop("a.xml", self.file(("6.00", "y"), sequence=2))
        self.feed._job_fetch()
        self.assertEqual(len(self.exchanges()), 2)
        self.assertEqual(self.archived("archive"), ["a.2.xml", "a.xml"])

    def test_file_is_read_as_its_feed_says_though_its_name_is_kept_masked(self):
        """Files named by their account, of three feeds over one interface that read them differently."""
        other = self.make_journal(self.company_a, IBAN_B, code="OTHR")
        profile = self.make_profile()
        feeds = self.feed
        feeds.write({"filename_pattern": f"*{IBAN}*.xml", "imbalance_policy": "book"})
        feeds |= feeds.copy({"filename_pattern": f"*{IBAN_B}*.xml", "imbalance_policy": "hold"})
        feeds |= feeds[0].copy(
            {
                "filename_pattern": f"*{IBAN_B}*.csv",
                "journal_id": other.id,
                "profile_id": profile.id,
            }
        )
        for iban in (IBAN, IBAN_B):
            content = self.file(("50.00", "x"), iban=iban)
            self.drop(f"{iban}_1.xml", content.replace(b">150.00<", b">151.00<"))
        self.drop(f"{IBAN_B}_1.csv", b"Date;Amount;Text\n2026-03-04;7.00;Fee back\n")
        for feed in feeds:
            feed._job_fetch()
        exchanges = self.exchanges()
        for exchange in exchanges:
            exchange._job_process()
        names = "".join(exchanges.sudo().payload_ids.mapped("filename"))
        self.assertFalse([iban for iban in (IBAN, IBAN_B) if iban in names])
        self.assertEqual(self.lines().mapped("amount"), [50.0])
        self.assertEqual(self.lines(other).mapped("amount"), [7.0])

    def test_file_stays_when_it_cannot_be_stored(self):
        path = self.drop("a.xml", self.file(("5.00", "x")))
        exchange_class = self.registry["finance.exchange"]
        with patch.object(
            exchange_class,
            "_receive",
            side_effect=FinalError("No key ring.", code="vault_key_file"),
        ):
            self.feed._job_fetch()
        self.assertTrue(path.exists())
        self.assertFalse(self.exchanges())
        self.assertEqual(self.feed.failure_count, 1)

    def test_unfinished_hidden_foreign_and_linked_files_are_left_alone(self):
        secret = self.drop("secret.txt", b"secret", folder=self.root)
        (self.folder / "link.xml").symlink_to(secret)
        for name in (".hidden.xml", "a.xml.part", "b.csv"):
            self.drop(name, b"x")
        (self.folder / "young.xml").write_bytes(b"still growing")
        self.feed._job_fetch()
        self.assertFalse(self.exchanges())
        self.assertFalse((self.folder / "archive").exists())

    def test_pattern_names_files_and_no_folders(self):
        for pattern in ("../*.xml", "other/*.xml", ".."):
            with self.subTest(pattern), self.assertRaises(ValidationError):
                self.feed.filename_pattern = pattern

    def test_folder_outside_the_allowed_roots_is_refused(self):
        for endpoint in ("/etc", f"{self.folder}/../../", ""):
            self.feed.connection_id.sudo().endpoint = endpoint
            self.feed._job_fetch()
            self.assertIn("odoo.conf", self.feed.last_error)
        self.assertFalse(self.exchanges())

    def test_folder_that_is_a_link_out_of_the_roots_is_refused(self):
        (self.root / "trap").symlink_to("/etc")
        self.feed.connection_id.sudo().endpoint = str(self.root / "trap")
        self.feed._job_fetch()
        self.assertIn("odoo.conf", self.feed.last_error)

    def test_file_that_cannot_be_used_keeps_no_other_from_its_way(self):
        adapter_class = self.registry["finance.adapter.folder"]
        read = os.open

        def refuse(path, *args, **kwargs):
            if str(path).endswith("b.xml"):
                raise PermissionError(13, "Permission denied")
            return read(path, *args, **kwargs)

        for number, name in enumerate(("a.xml", "b.xml", "c.xml", "d\udcff.xml")):
            self.drop(name, self.file((f"{number}.50", name[0])))
        with (
            patch("os.open", refuse),
            patch.object(adapter_class, "_archive", self._archive_but("a.xml")),
        ):
            self.feed._job_fetch()
        self.assertEqual(len(self.exchanges()), 3)
        self.assertEqual(len(self.archived("archive")), 2)
        self.assertIn("cannot be read", self.feed.last_error)
        self.feed._job_fetch()
        self.assertEqual(len(self.exchanges()), 4)
        self.assertFalse(list(self.folder.glob("*.xml")))
        self.assertFalse(self.feed.last_error)

    def _archive_but(self, name):
        archive = self.registry["finance.adapter.folder"]._archive

        def fail(adapter, path, duplicate):
            if path.name == name:
                raise OSError(28, "No space left on device")
            return archive(adapter, path, duplicate)

        return fail

    def test_file_that_is_too_large_keeps_no_other_from_its_way(self):
        self.drop("a.xml", b" " * 5000)
        self.drop("b.xml", self.file(("5.00", "x")))
        with patch.object(folder, "MAX_BYTES", 4000):
            self.feed._job_fetch()
        self.assertEqual(len(self.exchanges()), 1)
        self.assertIn("a.xml", self.feed.last_error)

    def test_link_in_the_place_of_the_archive_moves_nothing_out(self):
        outside = self.root / "outside"
        outside.mkdir()
        (self.folder / "archive").symlink_to(outside)
        self.addCleanup((self.folder / "archive").unlink)
        self.drop("a.xml", self.file(("5.00", "x")))
        self.feed._job_fetch()
        self.assertFalse(list(outside.iterdir()))
        self.assertEqual(len(self.exchanges()), 1)

    def test_shadow_takes_nothing_away_from_the_real_run(self):
        interface = self.feed.interface_id
        interface._set_mode("shadow")
        self.drop("a.xml", self.file(("5.00", "x")))
        for _run in range(2):
            self.feed._job_fetch()
        self.exchanges()._job_process()
        self.assertEqual((len(self.exchanges()), len(self.lines())), (1, 0))
        interface._set_mode("live")
        self.feed._job_fetch()
        self.exchanges().filtered(lambda exchange: not exchange.shadow)._job_process()
        self.assertEqual(self.lines().amount, 5.0)
        self.assertEqual(self.archived("archive"), ["a.xml"])

    def test_file_that_grows_while_it_is_read_waits_for_the_next_round(self):
        path = self.drop("a.xml", self.file(("5.00", "x")))
        fstat, seen = os.fstat, []

        def growing(descriptor):
            if seen:
                with path.open("ab") as stream:
                    stream.write(b" ")
            seen.append(descriptor)
            return fstat(descriptor)

        with patch.object(folder.os, "fstat", growing):
            self.feed._job_fetch()
        self.assertFalse(self.exchanges())
        self.assertTrue(path.exists())
        self.assertFalse(self.feed.last_error, "it is no failure")

    def test_what_became_of_a_file_after_the_look_at_the_folder(self):
        """Another worker took it, somebody put a link or a pipe in its place: nothing is read, nobody waits."""
        adapter_class = self.registry["finance.adapter.folder"]
        waiting = adapter_class._waiting
        secret = self.drop("secret.txt", b"secret", folder=self.root)

        def replaced(adapter, directory):
            found = list(waiting(adapter, directory))
            for path in found:
                path.unlink()
            (directory / "link.xml").symlink_to(secret)
            os.mkfifo(directory / "pipe.xml")
            return found

        for name in ("gone.xml", "link.xml", "pipe.xml"):
            self.drop(name, b"x")
        with patch.object(adapter_class, "_waiting", replaced):
            self.feed._job_fetch()
        self.assertFalse(self.exchanges())
        self.assertIn("link.xml", self.feed.last_error)
