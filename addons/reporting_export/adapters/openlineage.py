from datetime import UTC, datetime

from odoo import api, models


class FinanceAdapterOpenlineage(models.AbstractModel):
    """A lineage backend that takes OpenLineage run events at ``<address>/api/v1/lineage``.

    An API key, where the connection has one, goes along as bearer.
    """

    _name = "finance.adapter.openlineage"
    _inherit = ["finance.adapter"]
    _description = "Adapter of OpenLineage Backends"

    _adapter_label = "OpenLineage backend"
    _capabilities = frozenset({"deliver_lineage"})

    @api.model
    def _send(self, exchange, content):
        connection = exchange.connection_id
        key = connection._secret("api_key", required=False)
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        with connection._http_client() as client:
            response = client.request(
                "POST", "api/v1/lineage", idempotent=True, headers=headers, body=content
            )
        response.raise_for_status(datetime.now(UTC))
        return {
            "external_ref": exchange.idempotency_key,
            "http_status": response.status,
            "response": response.body,
            "acknowledged": True,
        }
