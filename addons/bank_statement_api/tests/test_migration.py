from odoo.tests import tagged

from .common import StatementCase


@tagged("post_install", "-at_install")
class TestMigration(StatementCase):
    """What a release makes of the rows of the one before."""

    def make_feeds(self, *kinds):
        """Feeds over an interface of their own."""
        interface = self.make_interface("bank_statement", self.make_connection("folder"))
        return self.env["bank.statement.feed"].create(
            [
                {
                    "name": kind,
                    "kind": kind,
                    "interface_id": interface.id,
                    "filename_pattern": "*",
                    "mail_senders": "bank@example.com",
                    "journal_id": self.make_journal(
                        self.company_a, f"DE{number:020}", code=f"M{number}"
                    ).id,
                }
                for number, kind in enumerate(kinds, next(self._keys) * 10)
            ]
        )

    def brought(self, feed, key, source="schedule"):
        exchange, _is_new = self.env["finance.exchange"]._receive(
            feed.interface_id, key, key.encode(), source=source
        )
        self.assertFalse(exchange.res_id)
        return exchange

    def test_1_9_9_exchange_knows_the_feed_that_brought_it(self):
        first, second = self.make_feeds("account", "account")
        window = self.brought(first, f"window:{second.id}:2026-03-04")
        shadow = self.brought(first, f"shadow:sync:{first.id}:c1")
        only, mail = self.make_feeds("files", "mail")
        file, letter, pushed = (
            self.brought(only, f"{source}-1", source) for source in ("schedule", "mail", "api")
        )
        one, _other = self.make_feeds("files", "files")
        doubtful = self.brought(one, "file-2")
        self.migrate("bank_statement_api", "19.0.1.9.9", "19.0.1.9.8")
        feeds = self.env["bank.statement.feed"]
        for exchange, feed in (
            (window, second),
            (shadow, first),
            (file, only),
            (letter, mail),
            (pushed, feeds),
            (doubtful, feeds),
        ):
            with self.subTest(exchange.idempotency_key):
                self.assertEqual(feeds.browse(exchange.res_id or ()), feed)
                self.assertEqual(exchange.res_model, feed._name if feed else False)
