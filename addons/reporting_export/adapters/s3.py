import re
from datetime import UTC, datetime

from odoo import api, models

from odoo.addons.finance_connector_base.tools.errors import FinalError
from odoo.addons.reporting_export.tools.stores.s3 import S3Store

_ADDRESS = re.compile(
    r"(?P<origin>https?://[^/#]+)/(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<prefix>(?:/[^/#]+)*)/?"
    r"(?:#(?P<region>[a-z0-9-]+))?"
)
_REGION = "us-east-1"


class FinanceAdapterS3(models.AbstractModel):
    """A store that speaks S3: objects are created and never replaced.

    The address is ``https://host/bucket/prefix#region``; the access key id is the client id, the secret access key a
    credential of the kind API key.
    """

    _name = "finance.adapter.s3"
    _inherit = ["finance.adapter"]
    _description = "Adapter of S3-compatible Stores"

    _adapter_label = "S3-compatible store"
    _capabilities = frozenset({"store_files"})
    _connection_fields = ("endpoint", "client_id", "allow_private_address")
    _credential_kinds = (("api_key",),)

    @api.model
    def _test_connection(self, connection):
        with self._open_store(connection) as store:
            store.check()
        return self.env._("The store lets us in.")

    @api.model
    def _open_store(self, connection):
        address = _ADDRESS.fullmatch(connection.endpoint or "")
        if not address or not connection.client_id:
            raise FinalError(
                self.env._(
                    "%s needs an address like https://host/bucket/prefix#region, and its access key id as client id.",
                    connection.display_name,
                ),
                code="final_error",
            )
        return S3Store(
            connection._http_client(endpoint=address["origin"]),
            origin=address["origin"],
            bucket=address["bucket"],
            prefix=address["prefix"].strip("/"),
            region=address["region"] or _REGION,
            keys=(connection.client_id, connection._secret("api_key")),
            now=datetime.now(UTC),
        )
