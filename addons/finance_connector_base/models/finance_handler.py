from odoo import api, models

from odoo.addons.finance_connector_base.tools.schema import parse_json


class FinanceHandler(models.AbstractModel):
    """What an exchange means: the accounting side of an interface, free of transport.

    A concrete handler is an AbstractModel named ``finance.handler.<code>`` that inherits this one. The engine calls
    the steps in order; each step may raise a ``FinanceError`` of ``tools.errors``, which decides what happens next.
    """

    _name = "finance.handler"
    _description = "Handler of an exchange"

    _handler_label = ""
    _direction = "inbound"
    _together = 1
    """Inbound only: of how many waiting exchanges :meth:`_post_together` writes the effect in one transaction."""
    _safe_to_repeat = False
    """Outbound only: the counterparty recognises a repeated send, so an unknown outcome may be sent again."""
    _final_milestone = "acknowledged"
    """Outbound only: the proof that ends the exchange; until it is given, the exchange waits, with a deadline."""

    @api.model
    def _describe_result(self, result):
        """What became of an exchange, for a person.

        :param dict result: what :meth:`_post` returned
        :return: a sentence or two; empty where there is nothing to tell but that it is finished
        """
        return ""

    # === INBOUND === #

    @api.model
    def _accepts_webhook(self, interface, headers, body):
        """Whether a webhook of the interface's connection, proven to be the counterparty's, is for this handler.

        :param interface: ``finance.interface``, one record with this handler
        :param headers: mapping of header names to values, names in any case
        :param bytes body: the raw request body
        :rtype: bool
        """
        return False

    @api.model
    def _digest_content(self, content):
        """The bytes whose digest decides whether a repeated key carries the same content.

        :param bytes content: raw bytes as received
        :rtype: bytes
        """
        return content

    @api.model
    def _validate(self, exchange, content):
        """Parse and prove ``content`` without writing anything.

        :return: the canonical document
        :raise BusinessError: a person has to decide
        """
        raise NotImplementedError

    @api.model
    def _schema_instance(self, content, document):
        """What the JSON Schema of the interface version speaks of.

        :param bytes content: the raw bytes
        :param document: what :meth:`_validate` made of them
        :return: JSON values; by default the content itself
        :raise BusinessError: it is no JSON
        """
        return parse_json(content)

    @api.model
    def _transform(self, exchange, document):
        """Map the canonical document to what will be posted (mappings, companies, journals), writing nothing.

        :return: whatever ``_post`` understands
        """
        return document

    @api.model
    def _post(self, exchange, prepared):
        """Write the effect, at most once. Units of work that fail are opened as exceptions through
        ``exchange._open_exception`` and do not stop the others.

        :return: JSON-serialisable result, kept on the exchange as the stored answer
        :rtype: dict
        """
        raise NotImplementedError

    @api.model
    def _post_together(self, exchanges, prepared):
        """:meth:`_post` of several exchanges, of all or of none: when it raises, each is posted by itself.

        :param list prepared: of each exchange, in their order
        :return: their results, in the same order
        :rtype: list[dict]
        """
        raise NotImplementedError

    @api.model
    def _observe(self, exchange, result):
        """Keep, after the dry run of a shadow, what a comparison with the live interface will need.

        :param dict result: of the dry run
        :return: what is added to it, JSON-serialisable
        :rtype: dict
        """
        return {}

    # === OUTBOUND === #

    @api.model
    def _prepare(self, exchange):
        """:return: the exact bytes that will be sent; called once, the bytes are stored before anything is sent.
        :rtype: bytes
        """
        raise NotImplementedError

    @api.model
    def _validate_prepared(self, exchange, content):
        """Prove the bytes that will be sent, before anything is.

        :param bytes content: as stored
        :raise BusinessError: they must not be sent
        """

    @api.model
    def _check_before_send(self, exchange, content):
        """A last look before each try to send: what was right when the bytes were prepared may have changed since.

        :param bytes content: as stored
        :raise BusinessError: they must not be sent now
        """

    @api.model
    def _settle(self, exchange, outcome):
        """React to the counterparty's answer (``outcome`` as returned by the adapter).

        :return: the milestone that the answer proves: ``sent``, ``acknowledged``, ``settled`` or ``posted``
        :rtype: str
        """
        return "acknowledged" if outcome.get("acknowledged") else "sent"
