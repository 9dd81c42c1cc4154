from odoo import fields, models
from odoo.tools import SQL


class FinanceEncryptedMixin(models.AbstractModel):
    """A row with bytes that only the vault can read.

    The column never passes through the ORM: no access right, superuser mode included, reads, exports, searches,
    groups, copies or tracks it.
    """

    _name = "finance.encrypted.mixin"
    _description = "Encrypted Content"

    ciphertext = fields.Binary(attachment=False, readonly=True, copy=False, groups=fields.NO_ACCESS)
    key_id = fields.Char(
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The key of the key ring in use.",
    )

    def _has_field_access(self, field, operation):
        return field.name != "ciphertext" and super()._has_field_access(field, operation)

    def _purpose(self):
        """What the ciphertext is bound to: moved to another row or table, it no longer decrypts."""
        self.ensure_one()
        return f"{self._name},{self.id}"

    def _sealed(self, content):
        """
        :param bytes content: the clear bytes
        :return: values of the two columns that hold them
        :rtype: dict
        :raise FinalError: there is no usable key ring
        """
        vault = self.env["finance.vault"]
        sealed = vault._encrypt(content, self._purpose())
        return {"ciphertext": sealed, "key_id": vault._key_id_of(sealed)}

    def _seal(self, content):
        """Encrypt ``content`` into this row.

        :param bytes content: the clear bytes
        :raise FinalError: there is no usable key ring
        """
        sealed = self._sealed(content)
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET ciphertext = %s, key_id = %s WHERE id = %s",
                SQL.identifier(self._table),
                sealed["ciphertext"],
                sealed["key_id"],
                self.id,
            )
        )
        self.invalidate_recordset(["key_id"])

    def _unseal(self):
        """
        :return: the clear bytes, or ``None`` where nothing is stored (any more)
        :rtype: bytes | None
        :raise FinalError: the key is missing, or the row was changed outside the suite
        """
        self.ensure_one()
        [(sealed,)] = self.env.execute_query(
            SQL("SELECT ciphertext FROM %s WHERE id = %s", SQL.identifier(self._table), self.id)
        )
        return (
            None
            if sealed is None
            else self.env["finance.vault"]._decrypt(bytes(sealed), self._purpose())
        )

    def _erase(self):
        """Remove the encrypted bytes; the rest of the row stays as evidence."""
        if self:
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET ciphertext = NULL, key_id = NULL WHERE id = ANY(%s)",
                    SQL.identifier(self._table),
                    self.ids,
                )
            )
            self.invalidate_recordset(["key_id"])
