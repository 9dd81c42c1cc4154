import json
import uuid

from odoo import api, fields, models

from odoo.addons.finance_connector_base.tools.errors import BusinessError, FinalError
from odoo.addons.treasury_sync.tools import pain002, payees, psd2_json

from . import bearer

# Products of NextGenPSD2 by local instrument or service level; those of files have a prefix.
_PRODUCTS = {
    "SEPA": "sepa-credit-transfers",
    "INST": "instant-sepa-credit-transfers",
    "URGP": "target-2-payments",
}
_CROSS_BORDER = "cross-border-credit-transfers"


class FinanceAdapterNextgenpsd2(models.AbstractModel):
    """Payment initiation over NextGenPSD2 of the Berlin Group, version 1.3.11, with pain.001 files or in JSON.

    The identification of the exchange is the ``X-Request-ID`` of every try: a bank that keeps to it takes a file once.
    """

    _inherit = "finance.adapter.nextgenpsd2"

    _capabilities = frozenset(
        {"fetch_statements", "fetch_balances", "query_payments", "recall_payments", "verify_payees"}
    )

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
        response = self._ask(exchange, order, "/status", "application/json")
        code = _status_code(response.body)
        status = {"RJCT": "rejected", "RCVD": "pending", None: "pending"}.get(code, "accepted")
        if code == "PART":
            # What became of each payment stands in the report, or in JSON with the payments themselves.
            in_json = order.channel_id.file_format == psd2_json.CODE
            response = (
                self._ask(exchange, order, "", "application/json")
                if in_json
                else self._ask(exchange, order, "/status", "application/xml")
            )
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
        try:
            report = psd2_json.read_status(content, order.message_ref)
        except ValueError:
            report = None
        return report or super()._read_payment_status(order, content)

    @api.model
    def _recall(self, exchange, recall):
        order = exchange._payment_order()
        response = self._request_payment(
            exchange, "DELETE", f"{self._payment_path(order)}/{exchange.external_ref}", headers={}
        )
        # 202: the bank asks the account holder first (section 5.7.1).
        state = "sent" if response.status == 202 else "accepted"
        return {"state": state, "answer": f"HTTP {response.status}"}

    @api.model
    def _verify_payee(self, connection, name, iban, bic):
        response = bearer.request(
            connection,
            "POST",
            payees.PATH,
            idempotent=True,
            headers={"Content-Type": "application/json", "X-Request-ID": str(uuid.uuid4())},
            body=payees.request(name, iban, bic),
        )
        response.raise_for_status(fields.Datetime.now())
        return payees.read(response.body)

    # === REQUESTS === #

    @api.model
    def _initiate(self, exchange, order, content):
        response = self._request_payment(
            exchange,
            "POST",
            self._payment_path(order),
            body=content,
            headers={"Content-Type": order.channel_id._format().content_type},
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
    def _ask(self, exchange, order, what, accept):
        return self._request_payment(
            exchange,
            "GET",
            f"{self._payment_path(order)}/{exchange.external_ref}{what}",
            headers={"Accept": accept},
        )

    @api.model
    def _payment_path(self, order):
        channel = order.channel_id
        service = "payments" if len(order._live()) == 1 else "bulk-payments"
        product = _PRODUCTS.get(channel.local_instrument) or _PRODUCTS.get(
            channel.service_level, _CROSS_BORDER
        )
        prefix = "" if channel.file_format == psd2_json.CODE else "pain.001-"
        return f"v1/{service}/{prefix}{product}"

    @api.model
    def _request_payment(self, exchange, method, path, *, headers, body=None):
        """One request of the payment interface; guarded and recorded by the engine.

        :raise FinanceError: unknown whenever the bank may have taken it
        """
        content = {} if body is None else {"body": body}
        response = bearer.request(
            exchange.connection_id,
            method,
            path,
            idempotent=method != "POST",
            headers={"X-Request-ID": exchange.correlation_id, **headers},
            **content,
        )
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
