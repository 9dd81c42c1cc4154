from datetime import timedelta

from odoo import api, models

from odoo.addons.bank_statement_api.tools.fetched import Fetched
from odoo.addons.finance_connector_base.tools.errors import FinalError


class FinanceAdapter(models.AbstractModel):
    """What bank statements add to adapters. Capabilities: ``fetch_statements``, ``pick_up_files``, ``notify_feeds``."""

    _inherit = "finance.adapter"

    _needs_consent = False
    """Accounts can be read only after an account holder has confirmed on a page of the other side."""
    _holder_hint = None
    """What the account holder has to be named by, in words; None where the page asks for it itself."""
    _masks_numbers = False
    """Of an account's number only its end is told: which journal is meant, a person says."""
    _suggestions = {}
    """Field of the connection -> value by which most begin; a person may change it."""
    _sandbox_suggestions = {}
    """Those that are others outside of production, where the other side has a sandbox of its own."""

    # === ACCOUNTS === #

    @api.model
    def _fetch_account(self, feed):
        """Fetch what an account has to tell: a window of whole days, unless the bank reports changes since a cursor.

        :param feed: ``bank.statement.feed``, one record
        :rtype: Fetched
        :raise FinanceError: nothing may be concluded; an error is never an empty answer
        """
        date_from, date_to = feed._window()
        return Fetched(
            key=f"window:{feed.id}:{date_from}:{date_to}",
            content=self._fetch_window(feed, date_from, date_to),
            # The last day is not over, so it is not covered yet.
            covered_until=date_to - timedelta(days=1),
        )

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

    # === CONSENTS === #

    @api.model
    def _request_consent(self, consent, return_address, state):
        """Ask the bank for a consent that its account holder then confirms on the bank's page.

        :param consent: ``bank.statement.consent``, one record
        :param str return_address: where the account holder comes back to, without a query
        :param str state: has to come back as query parameter ``state``
        :return: mapping with ``external_ref``, ``state``, ``valid_until``, ``redirect_url``
        :rtype: dict
        """
        raise FinalError(
            f"The adapter of {consent.connection_id.display_name} knows no consents.",
            code="capability_missing",
        )

    @api.model
    def _complete_consent(self, consent, external_ref, parameters, return_address):
        """The account holder came back from the bank's page: prove what became of the consent.

        :param consent: ``bank.statement.consent``, one record
        :param str external_ref: the bank's id of the consent that was asked for
        :param dict parameters: query of the request that came back, ``state`` among it; not to be believed
        :param str return_address: as in :meth:`_request_consent`
        :return: mapping with ``state``, perhaps ``external_ref`` and ``valid_until``
        :rtype: dict
        """
        return {"state": self._consent_state(consent, external_ref)}

    @api.model
    def _consent_state(self, consent, external_ref):
        """
        :param consent: ``bank.statement.consent``, one record
        :param str external_ref: the bank's id of the consent meant
        :return: the state of a consent as the bank sees it, in our words
        :rtype: str
        """
        raise FinalError(
            f"The adapter of {consent.connection_id.display_name} knows no consents.",
            code="capability_missing",
        )

    # === NOTIFICATIONS === #

    @api.model
    def _read_notification(self, connection, document):
        """What a webhook of this counterparty, already proven, is about.

        :param connection: ``finance.connection``, one record
        :param dict document: its JSON
        :rtype: Notification | None
        """
        return

    # === FILES === #

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
