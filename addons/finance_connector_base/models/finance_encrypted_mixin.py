from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

PIECE = 1024 * 1024
"""Bytes that travel to or from PostgreSQL at once: as one value they take ten times their size in memory."""


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

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_key_given(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_key_given(vals)
        return super().write(vals)

    def _check_key_given(self, vals):
        # It says whether there is something: without it, a secret would be gone without a trace.
        if "key_id" in vals and not self.env.su:
            raise AccessError(self.env._("The key of encrypted content is set by the vault."))

    def _purpose(self):
        """What the ciphertext is bound to: moved to another row or table, it no longer decrypts."""
        self.ensure_one()
        return f"{self._name},{self.id}"

    def _sealed(self, content):
        """
        :param bytes content: the clear bytes
        :return: values of the two columns that hold them, as PostgreSQL takes them
        :rtype: dict
        :raise FinalError: there is no usable key ring
        """
        vault = self.env["finance.vault"]
        sealed = vault._encrypt(content, self._purpose())
        return {"ciphertext": self._brought(sealed), "key_id": vault._key_id_of(sealed)}

    def _brought(self, sealed):
        """:return: ``sealed``, or where it was brought piece by piece an expression that puts it together"""
        if len(sealed) <= PIECE:
            return sealed
        purpose, cr = self._purpose(), self.env.cr
        cr.execute(
            "CREATE TEMP TABLE IF NOT EXISTS finance_piece (purpose text, number int, piece bytea) ON COMMIT DROP"
        )
        cr.execute(SQL("DELETE FROM finance_piece WHERE purpose = %s", purpose))
        for start in range(0, len(sealed), PIECE):
            cr.execute(
                SQL(
                    "INSERT INTO finance_piece VALUES (%s, %s, %s)",
                    purpose,
                    start,
                    sealed[start : start + PIECE],
                )
            )
        return SQL(
            "(SELECT string_agg(piece, ''::bytea ORDER BY number) FROM finance_piece WHERE purpose = %s)",
            purpose,
        )

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
        size, sealed = self._fetched(0)
        if size is None:
            return None
        while len(sealed) < size:
            sealed += self._fetched(len(sealed))[1]
        return self.env["finance.vault"]._decrypt(sealed, self._purpose())

    def _fetched(self, start):
        """:return: how many encrypted bytes there are, if any, and those from ``start`` on that travel at once"""
        [(size, piece)] = self.env.execute_query(
            SQL(
                "SELECT octet_length(ciphertext), substring(ciphertext FROM %s FOR %s) FROM %s WHERE id = %s",
                start + 1,
                PIECE,
                SQL.identifier(self._table),
                self.id,
            )
        )
        return size, bytearray(piece or b"")

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
