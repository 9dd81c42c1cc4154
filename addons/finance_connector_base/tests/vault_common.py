import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, new_test_user

from odoo.addons.finance_connector_base.models.finance_environment import FinanceEnvironment
from odoo.addons.finance_connector_base.tools.settings import Settings
from odoo.addons.finance_connector_base.tools.vault import KeyRing

SECRET_IBAN = "DE89370400440532013000"


class VaultCase(TransactionCase):
    """A key ring of its own in a folder of its own, and one outbound exchange."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.key_file = str(Path(folder) / "ring.keys")
        KeyRing.generate(cls.key_file, "k1")
        cls.declare(key_file=cls.key_file)
        cls.manager = new_test_user(
            cls.env,
            "vault_manager",
            groups="finance_connector_base.group_finance_manager,base.group_allow_export",
        )
        cls.viewer = new_test_user(
            cls.env, "vault_viewer", groups="finance_connector_base.group_finance_viewer"
        )
        cls.connection = cls.env["finance.connection"].create(
            {
                "name": "Test Bank",
                "adapter": "webhook",
                "environment": "test",
                "endpoint": "https://bank.example",
            }
        )
        cls.interface = cls.env["finance.interface"].create(
            {
                "name": "Events",
                "code": "test.events",
                "connection_id": cls.connection.id,
                "handler": "event",
            }
        )
        cls.vault = cls.env["finance.vault"]

    def setUp(self):
        super().setUp()
        key_file = Path(self.key_file)
        self.addCleanup(key_file.write_text, key_file.read_text())

    @classmethod
    def declare(cls, **values):
        """Declare settings as odoo.conf would, for the rest of the class."""
        patcher = patch.object(FinanceEnvironment, "_settings", lambda self: Settings(**values))
        patcher.start()
        cls.addClassCleanup(patcher.stop)

    def declared(self, **values):
        """Declare settings as odoo.conf would, within a ``with`` statement."""
        settings = Settings(**{"key_file": self.key_file, **values})
        return patch.object(FinanceEnvironment, "_settings", lambda self: settings)

    @classmethod
    def make_exchange(cls, key="1", **values):
        return cls.env["finance.exchange"]._insert_new(
            {
                "interface_id": cls.interface.id,
                "connection_id": cls.connection.id,
                "company_id": cls.interface.company_id.id,
                "direction": "outbound",
                "source": "event",
                "idempotency_key": key,
                **values,
            }
        )

    @classmethod
    def store(cls, content=b"{}", key="1", content_type="application/json"):
        return cls.env["finance.exchange.payload"]._store(
            cls.make_exchange(key), "content", content, "file.json", content_type
        )

    def assert_refused(self, attempt):
        with self.assertRaises(Exception) as caught:
            attempt()
        self.assertIsInstance(caught.exception, (AccessError, UserError, ValueError))

    def ciphertext(self, record):
        record.flush_recordset()
        self.env.cr.execute(f"SELECT ciphertext FROM {record._table} WHERE id = %s", [record.id])
        [value] = self.env.cr.fetchone()
        return value if value is None else bytes(value)

    def set_ciphertext(self, record, value):
        self.env.cr.execute(
            f"UPDATE {record._table} SET ciphertext = %s WHERE id = %s",
            [value, record.id],
        )
