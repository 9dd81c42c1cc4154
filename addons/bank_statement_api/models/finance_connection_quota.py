from odoo import api, models


class FinanceConnectionQuota(models.Model):
    """Banks count calls by account or consent: what people call these says whose limit it is."""

    _inherit = "finance.connection.quota"

    @api.model
    def _purposes(self):
        return {
            **super()._purposes(),
            "account-reports": self.env._("Account reports"),
            "details": self.env._("Name and number"),
            "item": self.env._("State at the bank"),
            "statements": self.env._("Statements"),
            "synchronizations": self.env._("Reading anew at the bank"),
        }

    def _subject_of(self, reference):
        connection = self.connection_id
        feeds = self.env["bank.statement.feed"].with_context(active_test=False)
        feeds = feeds.search([("connection_id", "=", connection.id)], order="active desc, id")
        if feed := feeds.filtered(lambda feed: feed._is_counted_by(reference))[:1]:
            return feed.name
        consents = self.env["bank.statement.consent"]
        consent = consents.search(
            [("connection_id", "=", connection.id), ("external_ref", "=", reference)], limit=1
        )
        if consent:
            return consent.name
        # Listed in the set-up, which only managers see, and read by no feed.
        account_sudo = (
            self.env["bank.statement.setup.account"]
            .sudo()
            .search(
                [
                    ("setup_id.connection_id", "=", connection.id),
                    ("resource_ref", "=", reference),
                    ("company_id", "in", self.env.companies.ids),
                ],
                limit=1,
            )
        )
        return account_sudo.name or super()._subject_of(reference)
