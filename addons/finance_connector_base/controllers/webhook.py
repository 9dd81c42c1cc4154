import logging
from http import HTTPStatus

from psycopg2 import InterfaceError, OperationalError
from werkzeug.exceptions import RequestEntityTooLarge

from odoo.exceptions import ConcurrencyError
from odoo.http import Controller, HttpDispatcher, request, route

from odoo.addons.finance_connector_base.tools.errors import FinanceError

_logger = logging.getLogger(__name__)

_RETRY_AFTER_SECONDS = 5
_STATUS_OF_REFUSAL = {
    "signature_invalid": HTTPStatus.UNAUTHORIZED,
    "idempotency_conflict": HTTPStatus.CONFLICT,
    "webhook_not_accepted": HTTPStatus.UNPROCESSABLE_ENTITY,
}


def _answer(status, headers=None, **body):
    response = request.make_json_response(body, status=status)
    response.headers.update(headers or {})
    return response


def _refuse(status, code, message, headers=None, **body):
    return _answer(status, headers, error=code, message=message, **body)


def _unavailable():
    return _refuse(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable",
        "Not stored. Send it again later.",
        {"Retry-After": str(_RETRY_AFTER_SECONDS)},
    )


class RawDispatcher(HttpDispatcher):
    """Leaves the body alone: a signature covers its bytes, which parsing a form would consume."""

    routing_type = "finance_raw"

    def dispatch(self, endpoint, args):
        self.request.params = dict(args)
        if self.request.db:
            return self.request.registry["ir.http"]._dispatch(endpoint)
        return endpoint(**args)

    def handle_error(self, exc):
        if isinstance(exc, OperationalError | InterfaceError | ConcurrencyError):
            return _unavailable()
        return super().handle_error(exc)


class WebhookController(Controller):
    @route(
        "/finance/webhook/<string:token>",
        type="finance_raw",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
        readonly=False,
    )
    def receive_webhook(self, token):
        """Store one webhook of a connection, then answer; a 2xx is only sent after the commit.

        ======  ==================================================================================
        Status  Meaning for the sender
        ======  ==================================================================================
        202     Stored: ``{"exchange": reference}``. A repetition gets the same answer.
        401     The signature is missing, wrong or too old. Nothing was stored.
        404     Nobody listens at this address.
        409     This event id came before with other content. Kept as evidence, a person decides.
        413     Larger than this server takes.
        422     Signed, but no interface of this connection takes it. Nothing was stored.
        503     Not stored, try again after ``Retry-After`` seconds.
        ======  ==================================================================================
        """
        if not request.db:
            return _unavailable()
        connection_model = request.env["finance.connection"]
        connection = connection_model._listening_at(token)
        if not connection:
            return _refuse(HTTPStatus.NOT_FOUND, "not_found", "Nobody listens at this address.")
        limit = connection_model._webhook_max_bytes()
        request.httprequest.max_content_length = limit
        try:
            # Kept with the request: Odoo repeats the whole call when transactions meet.
            body = request.httprequest.get_data()
        except RequestEntityTooLarge:
            return _refuse(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "too_large",
                f"This address takes {limit} bytes at most.",
            )
        try:
            exchange = connection._receive_webhook(request.httprequest.headers, body)
        except FinanceError as error:
            status = _STATUS_OF_REFUSAL.get(error.code)
            if not status:
                raise
            return _refuse(status, error.code, error.message, **error.evidence)
        return _answer(HTTPStatus.ACCEPTED, exchange=exchange.name)
