from datetime import UTC

from odoo import fields, models

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import BusinessError, FinalError, Severity
from odoo.addons.treasury_sync.tools import seals
from odoo.addons.treasury_sync.tools.file_keys import FileKeys

from .engine import as_engine


class TreasuryPaymentSealed(models.AbstractModel):
    """What a bank is sent of an approved file: the file itself, or signed and encrypted, once, and kept with its digest
    and the approved one's.

    A model of it has ``channel_id``, ``version``, ``digest``, ``exchange_id`` and ``file_ids``; ``_file`` says what was
    approved, ``_file_vals`` what its files belong to, ``_check_before_sending`` whether it may leave.
    """

    _name = "treasury.payment.sealed"
    _description = "Approved File on Its Way"

    def _content_to_send(self):
        """:return: the approved bytes; None where they are signed or encrypted first, when they are sent
        :rtype: bytes | None
        """
        if self.channel_id.sudo().seal_method:
            return None
        return self._file()._content()

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
                **self._file_vals(),
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

    def _clear_of(self, content):
        """:return: the approved bytes that ``content`` was made of; ``content`` itself where it is none of ours
        :rtype: bytes
        """
        sealed = self._sealed_file()
        if sealed and sha256_hex(content) == sealed.digest:
            return self._file()._content()
        return content

    def _check_sealed(self, content):
        """Refuse to send in clear what the channel signs or encrypts.

        :raise BusinessError: ``payment_not_approved``
        """
        if self.channel_id.sudo().seal_method and sha256_hex(content) == self.digest:
            sealed = self._sealed_file()
            if not sealed or sealed.digest != self.digest:
                raise self._not_approved(
                    self.env._(
                        "%s is to be signed or encrypted before it is sent.", self.display_name
                    )
                )

    def _found_in_drop(self, found, name):
        """Say what a look into the bank's folder tells of this file.

        :param str found: as returned by ``adapters.file_drop.find``
        :param str name: of the file
        :return: answer of an adapter to a question
        :rtype: dict
        :raise FinalError: it may have been taken away
        """
        if found is None:
            raise FinalError(
                self.env._(
                    "%s is not in the folder: the bank has taken it, or it never got there.", name
                ),
                code="payment_status_unavailable",
                next_step=self.env._(
                    "Look at the bank's portal or call the bank, then record what it has here."
                ),
            )
        return {"status": found, "external_ref": name}

    def _not_approved(self, message):
        return BusinessError(
            "payment_not_approved",
            message,
            evidence={"order": self.display_name},
            severity=Severity.HIGH,
        )
