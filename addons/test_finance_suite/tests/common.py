from odoo.addons.finance_connector_base.tests.common import FinanceCase


class EngineCase(FinanceCase):
    """The dummy handlers and a counterparty that is a folder."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = cls.make_folder()
        cls.connection = cls.make_connection("dummy", endpoint=str(cls.folder))
        cls.inbound = cls.make_interface("dummy", cls.connection)
        cls.outbound = cls.make_interface("dummy_out", cls.connection)

    def postings(self, exchange):
        return self.env["finance.test.posting"].search(
            [("exchange_id", "=", exchange.id)], order="id"
        )

    def repair(self):
        self.env["ir.config_parameter"].set_param("finance.test.repaired", "1")

    def sent(self):
        """:return: the contents that the counterparty took"""
        return [path.read_bytes() for path in sorted((self.folder / "inbox").glob("*"))]

    def tell(self, **files):
        """How the counterparty behaves from now on: ``next`` for sends, ``answer`` for questions."""
        for name, text in files.items():
            (self.folder / name).write_text(text)
            self.addCleanup((self.folder / name).unlink, missing_ok=True)

    def setUp(self):
        super().setUp()
        self.addCleanup(lambda: [path.unlink() for path in (self.folder / "inbox").glob("*")])

    def exception_codes(self, exchange, state="open"):
        return exchange.exception_ids.filtered(lambda exception: exception.state == state).mapped(
            "code"
        )

    def attempt_states(self, exchange):
        return exchange.attempt_ids.sorted("number").mapped("state")
