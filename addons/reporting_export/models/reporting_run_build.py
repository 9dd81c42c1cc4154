import re
from contextlib import closing, contextmanager
from datetime import timedelta
from decimal import Decimal
from functools import partial

from odoo import fields, models
from odoo.sql_db import db_connect
from odoo.tools import SQL

from odoo.addons.finance_connector_base.tools.errors import BusinessError, Severity
from odoo.addons.reporting_export.models.reporting_change import KEPT_DAYS
from odoo.addons.reporting_export.models.reporting_export import months
from odoo.addons.reporting_export.models.reporting_query import Period
from odoo.addons.reporting_export.tools import contract as contracts
from odoo.addons.reporting_export.tools import manifest
from odoo.addons.reporting_export.tools.file_formats import FORMATS
from odoo.addons.reporting_export.tools.part_writer import write_parts
from odoo.addons.reporting_export.tools.totals import Totals, differences

_SAFETY_DAYS = 30
_SHOWN_DIFFERENCES = 50
_WATERMARK = SQL(
    "SELECT (SELECT oid FROM pg_database WHERE datname = current_database())::text,"
    " pg_current_snapshot()::text"
)


class ReportingRun(models.Model):
    """Reads one snapshot of the database into files, adds them up, and writes the manifest."""

    _inherit = "reporting.run"

    def _build(self):
        """Read everything this run is about, from one snapshot, and keep the files.

        What an attempt that was killed has left is thrown away: nobody has seen it.

        :return: the manifest
        :rtype: bytes
        :raise SchemaViolationError: a row breaks the contract
        """
        self.ensure_one()
        self.file_ids.unlink()
        contract = self.contract_id._contract()
        totals = Totals(contract)
        with self._reading() as reader:
            database, snapshot = _rows(reader, _WATERMARK)[0]
            since = self._choose_start(database)
            partitions = self._partitions(reader, since)
            for number, (entity, period) in enumerate(partitions):
                self._note_progress(number / len(partitions), entity, period)
                rows = self.env["reporting.query"]._rows(
                    self.contract_id, entity, period, changed_since=since
                )
                self._store_parts(reader, rows, contract, totals, entity, period)
            if since:
                self._store_deletions(reader, contract, since)
            # Changes alone add up to nothing that the ledger knows.
            told = self._prove(reader, totals, partitions) if not since else []
        content = self._manifest(contract, totals, partitions, f"{database}:{snapshot}", since)
        self.write(
            {
                "progress": 100.0,
                "progress_note": False,
                "watermark": f"{database}:{snapshot}",
                "manifest_digest": manifest.digest(content),
                "row_count": totals.row_count,
                "size": sum(self.file_ids.mapped("size")),
                "totals": totals.plain(),
                "differences": told,
            }
        )
        return content

    def _check_proven(self):
        """:raise BusinessError: ``export_totals_differ``, unless a person decided to send it as it is"""
        self.ensure_one()
        decided = self.exchange_id.sudo().exception_ids.filtered(
            lambda exception: (
                exception.code == "export_totals_differ" and exception.state == "resolved"
            )
        )
        if self.differences and not decided:
            first = self.differences[0]
            raise BusinessError(
                "export_totals_differ",
                self.env._(
                    "%(count)s totals differ from the ledger: %(what)s of account %(account)s is %(exported)s in the"
                    " export and %(ledger)s in the ledger.",
                    count=len(self.differences),
                    **first,
                ),
                evidence={"differences": self.differences[:_SHOWN_DIFFERENCES]},
                severity=Severity.HIGH,
            )

    # === WHAT TO READ === #

    @contextmanager
    def _reading(self):
        """A database connection of its own, whose one snapshot every row of the run comes from."""
        with closing(db_connect(self.env.cr.dbname).cursor()) as reader:
            reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield reader

    def _choose_start(self, database):
        """The snapshot after which changes are read; none means everything.

        Without a predecessor that read the same, on this very database and not too long ago, an incremental run reads
        everything: rows could be missed otherwise.

        :param str database: identity of the database; that of a restored copy is another
        :rtype: str | None
        """
        self.previous_id = self.search(
            [
                ("export_id", "=", self.export_id.id),
                ("id", "<", self.id),
                ("watermark", "!=", False),
                # It goes back for some months and is nobody's predecessor.
                ("kind", "!=", "backfill"),
            ]
        ).filtered(lambda run: run.state != "cancelled")[:1]
        before = self.previous_id
        if self.kind != "incremental" or not before:
            return None
        origin, _colon, snapshot = before.watermark.partition(":")
        oldest = fields.Datetime.now() - timedelta(days=KEPT_DAYS - _SAFETY_DAYS)
        same = (
            origin == database
            and before.create_date > oldest
            and before.kind in ("full", "incremental")
            and before.contract_id == self.contract_id
            # Another target has nothing yet that could change.
            and before.exchange_id.connection_id == self.exchange_id.connection_id
            and before.entity_ids == self.entity_ids
            and before.date_from == self.date_from
            and before.file_format == self.file_format
            and before.masked_columns == self.masked_columns
        )
        return snapshot if same else None

    def _partitions(self, reader, since):
        """:return: the entities and months that have rows to read
        :rtype: list[tuple[res.company, Period]]
        """
        query = self.env["reporting.query"]
        partitions = []
        for entity in self.entity_ids.sorted("id"):
            if self.kind in ("close", "restatement", "backfill"):
                # A month without a row is a statement, too.
                partitions += [(entity, period) for period in months(self.date_from, self.date_to)]
                continue
            extent = query._extent(self.contract_id, entity, self, changed_since=since)
            [(first, last)] = _rows(reader, extent)
            if first:
                partitions += [(entity, period) for period in months(first.replace(day=1), last)]
        return partitions

    # === FILES === #

    def _store_parts(self, reader, rows, contract, totals, entity, period):
        masked = frozenset(self._masked())
        parts = write_parts(
            partial(_copy, reader, rows),
            contract=contract,
            file_format=FORMATS[self.file_format],
            totals=totals,
            entity=entity_code(entity),
            masked=masked,
            mask_key=self.export_id._mask_key() if masked else b"",
        )
        folder = manifest.folder(
            contract, entity=entity_code(entity), period=period.name, run=self.uid
        )
        for number, part in enumerate(parts):
            self._store_file(folder, number, part, entity_code(entity), period.name)
            self._check_cancelled()

    def _store_deletions(self, reader, contract, since):
        """Keep the keys of rows that are gone, so that consumers can take them out."""
        key = next(column for column in contract.columns if column.key)
        keys = contracts.Contract(
            dataset=contract.dataset, version=contract.version, title=contract.title, columns=(key,)
        )
        parts = write_parts(
            partial(
                _copy,
                reader,
                self.env["reporting.query"]._gone_ids(
                    self.contract_id, self.entity_ids, self, since
                ),
            ),
            contract=keys,
            file_format=FORMATS[self.file_format],
            totals=Totals(keys),
            entity="",
        )
        folder = f"{manifest.folder(contract)}/_deleted/export_run={self.uid}"
        for number, part in enumerate(parts):
            self._store_file(folder, number, part, "", "", contracts.DELETE)

    def _store_file(self, folder, number, part, entity, period, operation=contracts.UPSERT):
        suffix = FORMATS[self.file_format].suffix
        record = self.env["reporting.run.file"].create(
            {
                "run_id": self.id,
                "path": f"{folder}/part-{number:04d}.{suffix}",
                "entity": entity,
                "period": period,
                "operation": operation,
                "row_count": part.rows,
                "size": len(part.content),
                "digest": part.sha256,
            }
        )
        record._seal(part.content)
        self.exchange_id._checkpoint()

    def _note_progress(self, done, entity, period):
        self.write(
            {
                "progress": 100 * done,
                "progress_note": self.env._(
                    "Reading %(entity)s, %(period)s", entity=entity.name, period=period.name
                ),
            }
        )
        self.exchange_id._checkpoint()
        self._check_cancelled()

    def _check_cancelled(self):
        # The checkpoint before began a new transaction, which sees what was pressed meanwhile.
        self.invalidate_recordset(["cancel_requested"])
        if self.cancel_requested or self.exchange_id.work_status == "cancelled":
            self.file_ids.unlink()
            self.exchange_id._checkpoint()
            raise BusinessError(
                "export_cancelled",
                self.env._("Somebody asked to stop this export; nothing was delivered."),
            )

    # === PROOF === #

    def _prove(self, reader, totals, partitions):
        """Compare the rows with the ledger, counted by another way in the same snapshot.

        :return: every difference, as JSON values
        :rtype: list[dict]
        """
        if self.dataset_id.control == "ledger":
            expected = self._ledger_totals(reader, totals.contract, partitions)
        else:
            totals = totals.by_entity()
            expected = self._counts(reader, partitions)
        return [each.plain() for each in differences(totals, expected)]

    def _ledger_totals(self, reader, contract, partitions):
        """:return: rows and sums of the trial balance, in the form :func:`differences` takes"""
        ledger = []
        for entity, days in _spans(partitions):
            query = self.env["reporting.query"]._ledger_totals(self.contract_id, entity, days)
            for account, currency, rows, *sums in _rows(reader, query):
                key = (entity_code(entity), account or "", currency if contract.currency else "")
                exact = dict(zip(contract.sums, map(Decimal, sums), strict=True))
                ledger.append((key, rows, exact))
        return ledger

    def _counts(self, reader, partitions):
        """:return: the number of records by entity, in the form :func:`differences` takes"""
        counts = []
        for entity, days in _spans(partitions):
            query = self.env["reporting.query"]._count(self.contract_id, entity, days)
            [(count,)] = _rows(reader, query)
            counts.append(((entity_code(entity), "", ""), count, {}))
        return counts

    def _manifest(self, contract, totals, partitions, watermark, since):
        return manifest.build(
            run=self.uid,
            kind=self.kind,
            contract=contract,
            file_format=self.file_format,
            entities=[entity_code(entity) for entity in self.entity_ids],
            partitions=[
                {"entity": entity_code(entity), "period": period.name}
                for entity, period in partitions
            ],
            files=[
                manifest.FileEntry(
                    path=record.path,
                    entity=record.entity or "",
                    period=record.period or "",
                    operation=record.operation,
                    rows=record.row_count,
                    size=record.size,
                    sha256=record.digest,
                )
                for record in self.file_ids
            ],
            totals=totals,
            watermark=watermark,
            since=since,
            previous=self.previous_id.manifest_digest or None,
            masked=self._masked(),
        )

    def _masked(self):
        return [name for name in (self.masked_columns or "").split(",") if name]


def entity_code(company):
    """How files and tables call a company: its registration number where it has one, else its id."""
    code = re.sub(r"[^A-Za-z0-9_-]", "", company.sudo().company_registry or "")
    return code or f"company-{company.id}"


def _spans(partitions):
    """:return: each entity with the days from its first period to its last, which leave none out"""
    periods = {}
    for entity, period in partitions:
        periods.setdefault(entity, []).append(period)
    return [
        (entity, Period("", min(each.start for each in own), max(each.end for each in own)))
        for entity, own in periods.items()
    ]


def _rows(reader, query):
    reader.execute(query)
    return reader.fetchall()


def _copy(reader, query, sink):
    statement = reader.mogrify(query.code, query.params).decode()
    reader.copy_expert(f"COPY ({statement}) TO STDOUT WITH (FORMAT csv)", sink)
