from odoo import http
from odoo.http import content_disposition, request


class PaymentFiles(http.Controller):
    @http.route(
        "/treasury_sync/order/<int:order_id>/file", type="http", auth="user", methods=["GET"]
    )
    def download(self, order_id):
        """The file of an order, for whoever prepares or approves payments."""
        return _download(request.env["treasury.payment.order"].browse(order_id).exists())

    @http.route("/treasury_sync/proof/<int:file_id>", type="http", auth="user", methods=["GET"])
    def download_proof(self, file_id):
        """What a person attached when the file was transmitted by hand, or the bank said whether it has it."""
        proof = request.env["treasury.payment.file"].search(
            [("id", "=", file_id), ("role", "=", "proof")]
        )
        return _download(proof) if proof else request.not_found()

    @http.route(
        "/treasury_sync/recall/<int:recall_id>/file", type="http", auth="user", methods=["GET"]
    )
    def download_recall(self, recall_id):
        """The file of a recall, for whoever prepares or approves payments."""
        return _download(request.env["treasury.payment.recall"].browse(recall_id).exists())


def _download(document):
    if not document:
        raise request.not_found()
    name, content = document._download()
    return request.make_response(
        content,
        headers=[
            ("Content-Type", "application/octet-stream"),
            ("Content-Disposition", content_disposition(name)),
            ("Cache-Control", "no-store"),
        ],
    )
