from odoo import api, models

from odoo.addons.finance_connector_base.tools.errors import FinalError


class FinanceAdapter(models.AbstractModel):
    """Capabilities that bank statements add to adapters: ``fetch_statements`` and ``pick_up_files``."""

    _inherit = "finance.adapter"

    @api.model
    def _fetch_window(self, feed, date_from, date_to):
        """Fetch everything the bank reports for one account in a window of whole days.

        :param feed: ``bank.statement.feed``, one record
        :param datetime.date date_from: first booking date, included
        :param datetime.date date_to: last booking date, included
        :return: the bank's answers, all pages, in a form that ``tools.detect`` recognises
        :rtype: bytes
        :raise FinanceError: nothing may be concluded about the window; an error is never an empty answer
        """
        raise FinalError(
            f"The adapter of {feed.connection_id.display_name} fetches no statements.",
            code="capability_missing",
        )

    @api.model
    def _list_accounts(self, connection, consent):
        """The bank accounts that the counterparty lets us see.

        :return: ``tools.nextgenpsd2.ApiAccount`` or alike: ``resource_id``, ``account``, ``name``
        :rtype: tuple
        """
        raise FinalError(
            f"The adapter of {connection.display_name} lists no accounts.",
            code="capability_missing",
        )

    @api.model
    def _pick_up(self, feed):
        """Yield the files that wait at the counterparty for this feed.

        :return: iterator of ``(name, content, archive)``; ``archive(duplicate: bool)`` is called only after the
            content is committed in the database
        """
        raise FinalError(
            f"The adapter of {feed.connection_id.display_name} picks up no files.",
            code="capability_missing",
        )
