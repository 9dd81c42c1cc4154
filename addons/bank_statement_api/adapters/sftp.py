import time

from odoo import api, fields, models

from . import file_drop


class FinanceAdapterSftp(models.AbstractModel):
    """A folder on an SFTP server that the bank puts statement files into: pick up, keep, archive over there.

    Nothing of the server's names reaches a file system of ours: the bytes go into the database.
    """

    _name = "finance.adapter.sftp"
    _inherit = "finance.adapter"
    _description = "Adapter of SFTP"

    _adapter_label = "SFTP"
    _capabilities = frozenset({"pick_up_files"})
    _connection_fields = ("endpoint", "allow_private_address", "host_key")
    _credential_kinds = (("private_key", "password"),)

    @api.model
    def _test_connection(self, connection):
        with connection._sftp_client() as client:
            count = sum(file_drop.is_finished(file.shown) for file in client.files())
        return self.env._("The server let us in; %(count)s files wait.", count=count)

    @api.model
    def _pick_up(self, feed):
        with (
            feed.connection_id._call("pick_up"),
            feed.connection_id._sftp_client() as client,
        ):
            day = fields.Date.context_today(self)

            def read(file):
                return client.read(file, max_bytes=file_drop.MAX_BYTES)

            def archive(file, duplicate):
                # What was written to since it was read is another file, and is taken as that in the next round.
                if client.is_unchanged(file):
                    client.move(file, file_drop.archive_folder(day, duplicate))

            yield from file_drop.pick_up(self._waiting(client, feed), read, archive)

    @api.model
    def _waiting(self, client, feed):
        """Files that nobody writes to: the same in two looks, and old enough by the server's clock.

        That clock may be wrong, so a time that lies ahead of ours says nothing; the two looks are by our own clock.

        :return: pairs of name and file, in the order of their names
        """
        first = [
            file
            for file in client.files()
            if file_drop.is_finished(file.shown) and feed._wants_file(file.shown)
        ]
        if not first:
            return []
        time.sleep(file_drop.STABLE_SECONDS)
        now = time.time()
        return [
            (file.shown, file)
            for file in sorted(set(first).intersection(client.files()), key=lambda file: file.name)
            if not now - file_drop.STABLE_SECONDS < file.mtime <= now
        ]
