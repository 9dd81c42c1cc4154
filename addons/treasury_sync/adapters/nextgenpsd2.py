import json

from odoo import api, fields, models

from odoo.addons.finance_connector_base.tools.errors import BusinessError, FinalError
from odoo.addons.treasury_sync.tools import documents, pain002

# Service of NextGenPSD2 by number of payments, and its product by service level.
_PRODUCTS = {
    "SEPA": "pain.001-sepa-credit-transfers",
    "INST": "pain.001-instant-sepa-credit-transfers",
    "URGP": "pain.001-target-2-payments",
}
_CROSS_BORDER = "pain.001-cross-border-credit-transfers"


class FinanceAdapterNextgenpsd2(models.AbstractModel):
    """Payment initiation over NextGenPSD2 of the Berlin Group, version 1.3.11, with pain.001 files.

    The identification of the exchange is the ``X-Request-ID`` of every try: a bank that keeps to it takes a file once.
    """

    _inherit = "finance.adapter.nextgenpsd2"

    _capabilities = frozenset({"fetch_statements", "fetch_balances", "query_payments"})

    @api.model
    def _send(self, exchange, content):
        order = exchange._payment_order()
        if not order:
            return super()._send(exchange, content)
        return self._initiate(exchange, order, content)

    @api.model
    def _query_status(self, exchange):
        order = exchange._payment_order()
        if not order:
            return super()._query_status(exchange)
        if not exchange.external_ref:
            if not order.channel_id.recognises_repeats:
                raise FinalError(
                    self.env._(
                        "The bank gave no identification for %s, and cannot be asked without one.",
                        order.name,
                    ),
                    code="payment_status_unavailable",
                    next_step=self.env._(
                        "Look at the bank's portal, then record what the bank has on the payment order."
                    ),
                )
            # Not a second payment: the same request, which the bank answers as it did the first time.
            outcome = self._initiate(exchange, order, exchange._content())
            return {**outcome, "status": "accepted", "source": "query"}
        response = self._ask(exchange, order, "application/json")
        code = _status_code(response.body)
        status = {"RJCT": "rejected", "RCVD": "pending", None: "pending"}.get(code, "accepted")
        if code == "PART":
            response = self._ask(exchange, order, "application/xml")
        return {
            "status": status,
            "external_ref": exchange.external_ref,
            "http_status": response.status,
            "response": response.body,
            "source": "query",
        }

    @api.model
    def _read_payment_status(self, order, content):
        if content.lstrip().startswith(b"<"):
            return pain002.read(content)
        code = _status_code(content)
        if code is None or code == "RCVD":
            return super()._read_payment_status(order, content)
        return documents.PaymentStatus(
            source_format="nextgenpsd2",
            source_version="1.3.11",
            original_message_id=order.message_ref,
            status=code,
        )

    # === REQUESTS === #

    @api.model
    def _initiate(self, exchange, order, content):
        response = self._request_payment(
            exchange,
            "POST",
            self._payment_path(order),
            body=content,
            headers={"Content-Type": "application/xml"},
        )
        answer = json.loads(response.body)
        return {
            "external_ref": answer.get("paymentId"),
            "http_status": response.status,
            "response": response.body,
            # That it was taken is no acceptance yet: the status says so.
            "acknowledged": answer.get("transactionStatus") not in (None, "RCVD", "RJCT"),
        }

    @api.model
    def _ask(self, exchange, order, accept):
        return self._request_payment(
            exchange,
            "GET",
            f"{self._payment_path(order)}/{exchange.external_ref}/status",
            headers={"Accept": accept},
        )

    @api.model
    def _payment_path(self, order):
        channel = order.channel_id
        service = "payments" if len(order._live()) == 1 else "bulk-payments"
        product = _PRODUCTS.get(channel.local_instrument) or _PRODUCTS.get(
            channel.service_level, _CROSS_BORDER
        )
        return f"/v1/{service}/{product}"

    @api.model
    def _request_payment(self, exchange, method, path, *, headers, body=None):
        """One request of the payment interface; guarded and recorded by the engine.

        :raise FinanceError: unknown whenever the bank may have taken it
        """
        connection = exchange.connection_id
        token = connection._access_token()
        with connection._http_client() as client:
            response = client.request(
                method,
                path,
                idempotent=method == "GET",
                headers={
                    "Authorization": f"Bearer {token}",
                    "Accept": "application/json",
                    "X-Request-ID": exchange.correlation_id,
                    **headers,
                },
                **({"body": body} if body is not None else {}),
            )
        if response.status == 401:
            # Refused before anything was read: the next try fetches another token.
            connection._access_token(force=token)
        if method == "POST" and response.status in (400, 403, 409):
            raise BusinessError(
                "payment_refused",
                self.env._("The bank took nothing of this file: %s", _told(response.body)),
                evidence={"http_status": response.status},
            )
        response.raise_for_status(fields.Datetime.now())
        return response


def _status_code(content):
    try:
        answer = json.loads(content)
    except ValueError:
        return None
    return answer.get("transactionStatus") if isinstance(answer, dict) else None


def _told(content):
    try:
        messages = json.loads(content).get("tppMessages") or []
        return "; ".join(f"{item.get('code')}: {item.get('text')}" for item in messages)
    except (ValueError, AttributeError):
        return content[:200].decode(errors="replace")
