from datetime import UTC

from odoo import fields, models

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.treasury_sync.tools import seals
from odoo.addons.treasury_sync.tools.file_keys import FileKeys

from .engine import as_engine


class TreasuryPaymentOrder(models.Model):
    """What is sent of an approved file: signed and encrypted once, kept with its digest and the approved one's."""

    _inherit = "treasury.payment.order"

    # === BUSINESS METHODS === #

    def _content_to_send(self):
        """:return: the approved bytes; None where they are signed or encrypted first, when they are sent
        :rtype: bytes | None
        """
        if self.channel_id.sudo().seal_method:
            return None
        return super()._content_to_send()

    def _seal_content(self, connection):
        """Make what is sent, once for each version: encryption has chance in it, and a repeated file is the same file.

        :param connection: ``finance.connection`` that has the keys
        :rtype: bytes
        :raise FinanceError: the order may not be sent, this server may not use those keys, or a key is not fit
        """
        self.ensure_one()
        content = self._file()._content()
        # Nobody's key signs what may not be sent.
        self._check_before_sending(content)
        self.env["finance.environment"]._check_may_call(connection)
        method = self.channel_id.sudo().seal_method
        sealed = seals.seal(
            method,
            content,
            self._file_keys(connection, method),
            fields.Datetime.now().replace(tzinfo=UTC),
        )
        name = self._file().filename
        self._keep_sealed("sealed", name + sealed.suffix, sealed.content, method)
        if sealed.signature is not None:
            self._keep_sealed("signature", name + sealed.signature_suffix, sealed.signature, method)
        return sealed.content

    def _file_keys(self, connection, method):
        needed = seals.METHODS[method].needs if method in seals.METHODS else ()
        return FileKeys(
            **{
                name: connection._secret(f"payment_{name}", required=False) or ""
                for name in sorted(needed)
            }
        )

    def _keep_sealed(self, role, filename, content, method):
        digest = sha256_hex(content)
        kept = as_engine(self.env["treasury.payment.file"]).create(
            {
                "order_id": self.id,
                "version": self.version,
                "role": role,
                "filename": filename,
                "file_format": method,
                "size": len(content),
                "digest": digest,
                "source_digest": self.digest,
            }
        )
        kept._seal(content)
        self._log(f"file_{role}", method=method, sent_digest=digest, filename=filename)

    def _sealed_file(self, role="sealed"):
        """:return: ``treasury.payment.file`` that was made of the version that stands, if any"""
        self.ensure_one()
        return self.sudo().file_ids.filtered(
            lambda item: (
                item.version == self.version
                and item.role == role
                and item.source_digest == self.digest
            )
        )

    def _sent_name(self):
        """:return: name of the file that is sent
        :rtype: str
        """
        return (self._sealed_file() or self._file()).filename

    def _check_content(self, content):
        sealed = self._sealed_file()
        if sealed and sha256_hex(content) == sealed.digest:
            # The clear file that it was made of is what the approvals are for.
            content = self._file()._content()
        return super()._check_content(content)

    def _check_sealed(self, content):
        """Refuse to send in clear what the channel signs or encrypts.

        :raise BusinessError: ``payment_not_approved``
        """
        if self.channel_id.sudo().seal_method and sha256_hex(content) == self.digest:
            sealed = self._sealed_file()
            if not sealed or sealed.digest != self.digest:
                raise self._not_approved(
                    self.env._("%s is to be signed or encrypted before it is sent.", self.name)
                )
