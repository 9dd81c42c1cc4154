import sys

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID
from odoo.api import Environment
from odoo.cli.command import Command
from odoo.modules.registry import Registry
from odoo.tools import config

_BATCH = 500


def _say(line):
    # At once, also into a pipe: a rotation can take long.
    print(line, flush=True)


class FinanceKeys(Command):
    """Make and rotate the keys that finance credentials and payloads are encrypted with"""

    name = "finance_keys"
    epilog = """
        To rotate: `add FILE`, wait until every server has the file, `rotate -d DB`, then `check -d DB`.
        A key that `check` no longer counts may leave the file. Keep a copy of the file apart from the database's
        backups: without it nothing can be read again.
    """

    def __init__(self):
        super().__init__()
        commands = self.parser.add_subparsers(dest="subcommand", required=True)
        for name, run, text in (
            ("generate", self._generate, "make a new key file"),
            ("add", self._add, "add a new current key to a key file"),
        ):
            parser = commands.add_parser(name, help=text)
            parser.add_argument("file")
            parser.add_argument("--key-id", help="name of the key; made up when left out")
            parser.set_defaults(func=run)
        for name, run, text in (
            (
                "rotate",
                self._rotate,
                "encrypt every stored value with the current key; may be interrupted and repeated",
            ),
            ("check", self._check, "count the stored values by key"),
        ):
            parser = commands.add_parser(name, help=text)
            parser.add_argument("-c", "--config", help="configuration file of Odoo")
            parser.add_argument("-d", "--database", required=True)
            parser.set_defaults(func=run)

    def run(self, cmdargs):
        arguments = self.parser.parse_args(cmdargs)
        # Imported here: Odoo loads this file before the addons are importable.
        from odoo.addons.finance_connector_base.tools.errors import FinanceError

        try:
            arguments.func(arguments)
        except FinanceError as exc:
            sys.exit(f"{exc.message} {exc.next_step}".strip())

    # === KEY FILE === #

    def _generate(self, arguments):
        from odoo.addons.finance_connector_base.tools.vault import KeyRing

        ring = KeyRing.generate(arguments.file, arguments.key_id)
        _say(
            f"{arguments.file}: key {ring.current_key_id}. Set key_file in section [finance] of odoo.conf, keep a copy."
        )

    def _add(self, arguments):
        from odoo.addons.finance_connector_base.tools.vault import KeyRing

        ring = KeyRing.add_key(arguments.file, arguments.key_id)
        _say(
            f"{arguments.file}: key {ring.current_key_id} is current, {len(ring.key_ids) - 1} older kept for reading."
        )

    # === DATABASE === #

    def _open(self, arguments):
        options = ["--no-http", "-d", arguments.database]
        if arguments.config:
            options += ["-c", arguments.config]
        config.parse_config(options, setup_logging=True)
        registry = Registry(arguments.database)
        if "finance.vault" not in registry:
            sys.exit(
                f"finance_connector_base is not installed in the database {arguments.database}."
            )
        return registry

    def _rotate(self, arguments):
        registry = self._open(arguments)
        total, skip = 0, frozenset()
        while True:
            try:
                with registry.cursor() as cr:
                    vault = Environment(cr, SUPERUSER_ID, {})["finance.vault"]
                    batch = vault._rotate(_BATCH, skip)
            except SerializationFailure:
                # Somebody changed one of these values meanwhile: the next look sees it.
                continue
            total += batch.rotated
            skip |= batch.failed
            if not batch.rotated and not batch.failed:
                break
            _say(f"{total} values rotated")
        for table, row_id in sorted(skip):
            _say(
                f"{table} {row_id} cannot be read: restore it from a backup, or its key in the key file."
            )
        _say(f"{total} values rotated, {len(skip)} not readable.")
        if skip:
            sys.exit(1)

    def _check(self, arguments):
        registry = self._open(arguments)
        with registry.cursor() as cr:
            vault = Environment(cr, SUPERUSER_ID, {})["finance.vault"]
            ring, usage = vault._key_ring(), vault._keys_in_use()
        for key_id in sorted({*ring.key_ids, *usage}):
            marks = [
                mark
                for mark, holds in (
                    ("current", key_id == ring.current_key_id),
                    ("NOT IN THE KEY RING", key_id not in ring.key_ids),
                )
                if holds
            ]
            _say(" ".join([key_id, f"{usage.get(key_id, 0)} values", *marks]))
        if set(usage) - set(ring.key_ids):
            sys.exit(1)
