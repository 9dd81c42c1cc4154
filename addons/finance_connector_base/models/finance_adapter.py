from datetime import UTC, datetime

from odoo import api, models

from odoo.addons.finance_connector_base.tools.errors import FinalError
from odoo.addons.finance_connector_base.tools.rate_limit import BucketPolicy
from odoo.addons.finance_connector_base.tools.signatures import verify_webhook


class FinanceAdapter(models.AbstractModel):
    """How one kind of external system is spoken to.

    A concrete adapter is an AbstractModel named ``finance.adapter.<code>`` that inherits this one and sets the two
    class attributes. It receives the connection as argument, keeps no state and never touches accounting.
    """

    _name = "finance.adapter"
    _description = "Adapter of an external system"

    _adapter_label = ""
    _capabilities = frozenset()
    """Subset of ``fetch_statements, fetch_balances, pick_up_files, deliver_events, receive_webhooks, ...``."""
    _connection_fields = ("endpoint", "allow_private_address")
    """Fields of ``finance.connection`` that the adapter reads, in the order in which a person is asked for them."""
    _credential_kinds = ()
    """Kinds of ``finance.credential`` that the adapter uses: a tuple for each secret, of the kinds it may be of."""

    @api.model
    def _call_limits(self, connection, scope):
        """How often the counterparty may be called. An adapter whose counterparty has limits of its own adds them.

        :param connection: ``finance.connection``, one record
        :param str scope: what is called
        :return: policy of the whole connection and calls a day of ``scope``, each None where there is no limit
        :rtype: tuple[BucketPolicy | None, int | None]
        """
        per_minute = connection.calls_per_minute
        return (
            BucketPolicy(per_minute, per_minute / 60) if per_minute else None,
            connection.calls_per_day or None,
        )

    @api.model
    def _request_token(self, connection, stored, now):
        """Ask for an access token where the counterparty has a way of its own. Called under the connection's lock.

        :param connection: ``finance.connection``, one record
        :param Token stored: of ``tools.oauth2``, the one in use, or None
        :param datetime now: the present time, naive UTC
        :return: the new token; None where the counterparty speaks OAuth2
        :rtype: Token | None
        """
        return

    @api.model
    def _test_connection(self, connection):
        """Ask the counterparty for something harmless, without moving data.

        :param connection: ``finance.connection``, one record
        :return: one sentence for the person who pressed the button
        :rtype: str
        :raise FinanceError: what went wrong, classed
        """
        raise FinalError(
            f"The adapter of {connection.display_name} offers no connection test.",
            code="capability_missing",
        )

    @api.model
    def _verify_webhook(self, connection, headers, body):
        """Prove that ``body`` was signed by the counterparty. Fails closed.

        :param connection: ``finance.connection``, one record
        :param headers: mapping of header names to values, names in any case
        :param bytes body: the raw request body
        :return: the event id that the sender will repeat on redelivery, or ``None`` where it has none
        :rtype: str | None
        :raise FinalError: code ``signature_invalid``
        """
        raise FinalError(
            f"The adapter of {connection.display_name} cannot verify webhooks.",
            code="signature_invalid",
        )

    @api.model
    def _verify_standard_webhook(self, connection, headers, body):
        """The proof of a counterparty that signs after the Standard Webhooks specification 1.0.0.

        See :meth:`_verify_webhook`.
        """
        secrets = connection._secrets("signing_secret")
        return verify_webhook(secrets, headers, body, datetime.now(UTC)).message_id

    @api.model
    def _send(self, exchange, content):
        """Hand ``content`` to the counterparty, once.

        Called with the attempt committed. What this writes is committed together with the outcome.

        :param exchange: ``finance.exchange``, outbound, one record
        :param bytes content: the prepared bytes, unchanged since they were approved
        :return: mapping with ``external_ref``, ``http_status``, ``response`` (bytes) and ``acknowledged`` (bool)
        :rtype: dict
        :raise FinanceError: ``UnknownOutcomeError`` whenever the counterparty may have taken it
        """
        raise FinalError(
            f"The adapter of {exchange.connection_id.display_name} cannot send.",
            code="capability_missing",
        )

    @api.model
    def _query_status(self, exchange):
        """Ask the counterparty what became of an exchange whose outcome is unknown or awaited.

        :param exchange: ``finance.exchange``, outbound, one record
        :return: mapping with ``status`` (``accepted``, ``rejected``, ``pending``, ``not_found``), ``external_ref``,
            ``reason``
        :rtype: dict
        :raise FinanceError: the question itself failed; the exchange stays as it is
        """
        raise FinalError(
            f"The adapter of {exchange.connection_id.display_name} cannot be asked for a status.",
            code="capability_missing",
        )
