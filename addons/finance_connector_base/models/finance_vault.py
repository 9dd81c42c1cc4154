import logging
import os
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from odoo.addons.finance_connector_base.tools.errors import FinalError
from odoo.addons.finance_connector_base.tools.masking import (
    MaskingFilter,
    MaskingPolicy,
    mask_bytes_preview,
    mask_text,
)
from odoo.addons.finance_connector_base.tools.vault import KeyRing, VaultError


@lru_cache(maxsize=8)
def _load_key_ring(path, changed_ns):
    return KeyRing.load(path)


# The last part of a webhook's address is as good as a password, and web servers log addresses.
_WEBHOOK_ADDRESS = r"(?<=/finance/webhook/)[^/\s?\"]+"


@lru_cache(maxsize=8)
def _masking_policy(patterns):
    return MaskingPolicy(extra_patterns=(_WEBHOOK_ADDRESS, *patterns))


@dataclass(frozen=True)
class Rotation:
    """What one batch of a rotation did.

    :param int rotated: rows that are under the current key now.
    :param frozenset failed: ``(table, id)`` of rows whose content could not be read.
    """

    rotated: int
    failed: frozenset[tuple[str, int]] = frozenset()


class FinanceVault(models.AbstractModel):
    """Authenticated encryption with a key ring that is kept outside the database."""

    _name = "finance.vault"
    _description = "Finance Vault"

    # === KEY RING === #

    @api.model
    def _key_ring(self):
        """The key ring, read again whenever its file changes.

        :rtype: KeyRing
        :raise FinalError: no key ring is declared, or it cannot be used
        """
        path = self.env["finance.environment"]._settings().key_file
        if path:
            return _load_key_ring(path, Path(path).stat().st_mtime_ns if Path(path).exists() else 0)
        if os.environ.get("FINANCE_KEYS"):
            return KeyRing.from_environ("FINANCE_KEYS")
        raise FinalError(
            "No key ring is declared, so nothing can be encrypted or decrypted.",
            code="vault_key_missing",
            next_step=(
                "Run `odoo finance_keys generate FILE` and set key_file = FILE in section [finance] of odoo.conf."
            ),
        )

    @api.model
    def _encrypt(self, content, purpose):
        """Encrypt with the current key.

        :param bytes content: the clear bytes
        :param str purpose: what the value is bound to; the same is needed to decrypt it
        :rtype: bytes
        :raise FinalError: there is no usable key ring
        """
        return self._key_ring().encrypt(content, purpose.encode())

    @api.model
    def _decrypt(self, sealed, purpose):
        """
        :param bytes sealed: as returned by :meth:`_encrypt`
        :param str purpose: as given to :meth:`_encrypt`
        :rtype: bytes
        :raise FinalError: its key is not in the ring, or the value was changed or moved
        """
        return self._key_ring().decrypt(sealed, purpose.encode())

    @api.model
    def _key_id_of(self, sealed):
        """:return: id of the key that ``sealed`` was encrypted with."""
        return self._key_ring().key_id_of(sealed)

    # === ROTATION === #

    @api.model
    def _encrypted_models(self):
        """:return: the concrete models with encrypted rows, in a stable order."""
        return [
            self.env[name]
            for name in sorted(
                self.env.registry.descendants(["finance.encrypted.mixin"], "_inherit")
            )
            if not self.env[name]._abstract
        ]

    @api.model
    def _keys_in_use(self):
        """How many stored values need each key: a key with none may leave the ring.

        :return: key id -> number of values
        :rtype: dict[str, int]
        """
        usage = Counter()
        for model in self._encrypted_models():
            usage.update(
                dict(
                    self.env.execute_query(
                        SQL(
                            "SELECT key_id, count(*) FROM %s WHERE key_id IS NOT NULL GROUP BY key_id",
                            SQL.identifier(model._table),
                        )
                    )
                )
            )
        return dict(usage)

    @api.model
    def _rotate(self, batch=200, skip=frozenset()):
        """Encrypt one batch of values again, with the current key. Repeat until nothing was rotated.

        The old key is needed until :meth:`_keys_in_use` no longer names it; another worker's batch is left alone.

        :param int batch: most rows to touch
        :param frozenset skip: what earlier batches returned as ``failed``
        :rtype: Rotation
        """
        ring = self._key_ring()
        rotated = 0
        failed = set()
        for model in self._encrypted_models():
            for row_id, sealed in self._select_old_values(
                model, ring.current_key_id, batch - rotated, skip
            ):
                purpose = model.browse(row_id)._purpose().encode()
                try:
                    renewed = ring.encrypt(ring.decrypt(bytes(sealed), purpose), purpose)
                except VaultError:
                    failed.add((model._table, row_id))
                    continue
                self.env.cr.execute(
                    SQL(
                        "UPDATE %s SET ciphertext = %s, key_id = %s WHERE id = %s",
                        SQL.identifier(model._table),
                        renewed,
                        ring.current_key_id,
                        row_id,
                    )
                )
                rotated += 1
            model.invalidate_model(["key_id"])
        if rotated or failed:
            self.env["finance.audit.event"]._log(
                "vault.rotated",
                summary=f"{rotated} values encrypted again with key {ring.current_key_id}",
                details={
                    "key_id": ring.current_key_id,
                    "rotated": rotated,
                    "failed": sorted(failed),
                },
            )
        return Rotation(rotated, frozenset(failed))

    @api.model
    def _select_old_values(self, model, current_key_id, limit, skip):
        return self.env.execute_query(
            SQL(
                """SELECT id, ciphertext FROM %(table)s
                    WHERE key_id IS NOT NULL AND key_id <> %(key)s AND id <> ALL(%(skip)s)
                    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED""",
                table=SQL.identifier(model._table),
                key=current_key_id,
                skip=[row_id for table, row_id in skip if table == model._table],
                limit=limit,
            )
        )

    @api.model
    def action_rotate(self):
        """Encrypt everything that is under an older key with the current one, in the background.

        :return: a notification with the number of values
        :raise AccessError: the caller is no integration manager
        :raise UserError: there is no usable key ring
        """
        if not self.env.user.has_group("finance_connector_base.group_finance_manager"):
            raise AccessError(self.env._("Only an integration manager rotates keys."))
        try:
            current = self._key_ring().current_key_id
        except FinalError as exc:
            raise UserError(" ".join((exc.message, exc.next_step))) from exc
        remaining = sum(count for key_id, count in self._keys_in_use().items() if key_id != current)
        if remaining:
            self.env.ref("finance_connector_base.ir_cron_rotate_keys").sudo()._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(count)s values are still under an older key than %(key)s and are encrypted again now.",
                    count=remaining,
                    key=current,
                )
                if remaining
                else self.env._("Everything is under the current key, %(key)s.", key=current),
            },
        }

    @api.model
    def _cron_rotate(self, batch=200):
        """Rotate in the background, a committed batch at a time; where it stops, the next run goes on."""
        current = self._key_ring().current_key_id
        remaining = sum(count for key_id, count in self._keys_in_use().items() if key_id != current)
        skip = frozenset()
        while remaining > 0:
            rotation = self._rotate(batch, skip)
            skip |= rotation.failed
            done = rotation.rotated + len(rotation.failed)
            remaining = remaining - done if done else 0
            if not self.env["ir.cron"]._commit_progress(done, remaining=remaining):
                return

    # === MASKING === #

    def _register_hook(self):
        """Mask whatever this process logs, tracebacks included, on every handler it has."""
        super()._register_hook()
        for handler in logging.getLogger().handlers:
            if not any(isinstance(present, MaskingFilter) for present in handler.filters):
                handler.addFilter(MaskingFilter(self._policy()))

    @api.model
    def _policy(self):
        return _masking_policy(self.env["finance.environment"]._settings().mask_patterns)

    @api.model
    def _mask(self, text):
        """
        :param str text: anything that may hold an account, a card, a name, a token or a secret
        :return: the text with those hidden
        :rtype: str
        """
        return mask_text(text, self._policy())

    @api.model
    def _mask_preview(self, content, content_type, limit=20_000):
        """
        :param bytes content: clear bytes of any format
        :return: the readable part of the beginning, masked
        :rtype: str
        """
        return mask_bytes_preview(content, content_type, limit, self._policy())
