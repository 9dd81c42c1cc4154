import io
import os
import shutil
from contextlib import contextmanager
from unittest.mock import patch

from odoo.addons.bank_statement_api.tests.common import StatementCase
from odoo.addons.reporting_export.models import reporting_run_build


class ExportCase(StatementCase):
    """Two companies with posted entries, a folder as target, and the reader inside the test's transaction."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = cls.make_folder()
        cls.startClassPatcher(patch.dict(os.environ, {"FINANCE_FILE_ROOTS": str(cls.root)}))
        cls.target = cls.make_connection("folder", endpoint=str(cls.root), company_id=False)
        cls.reporting = cls.make_interface("reporting_run", cls.target)
        cls._read_in_the_test()

    def setUp(self):
        super().setUp()
        for path in self.root.iterdir():
            shutil.rmtree(path)

    @classmethod
    def _read_in_the_test(cls):
        """Another connection would not see what the test has made, and this one can do one thing at a time."""
        copy = reporting_run_build._copy

        @contextmanager
        def reading(run):
            run.env.flush_all()
            yield run.env.cr

        def spooled_copy(reader, query, sink):
            spool = io.BytesIO()
            copy(reader, query, spool)
            sink.write(spool.getvalue())

        cls.startClassPatcher(patch.object(reporting_run_build, "_copy", spooled_copy))
        cls.startClassPatcher(patch.object(cls.registry["reporting.run"], "_reading", reading))

    @classmethod
    def make_export(cls, dataset="journal_items", **values):
        return cls.env["reporting.export"].create(
            {
                "name": f"Export of {dataset}",
                "dataset_id": cls.env.ref(f"reporting_export.dataset_{dataset}").id,
                "interface_id": cls.reporting.id,
                "entity_ids": [(6, 0, cls.company_a.ids)],
                "kind": "full",
                "date_from": "2026-01-01",
                **values,
            }
        )

    def run_export(self, export, **values):
        run = export._start(values.pop("kind", export.kind), **values)
        run.exchange_id._job_send()
        return run

    def delivered(self, suffix):
        """:return: content of the files at the target with this suffix, by their path"""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob(f"*{suffix}"))
            if path.is_file()
        }
