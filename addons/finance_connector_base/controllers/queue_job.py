from odoo.addons.queue_job.controllers.main import RunJobController


class MaskedRunJobController(RunJobController):
    """A failed job keeps its traceback in the database: without accounts, names and secrets."""

    @classmethod
    def _get_failure_values(cls, job, traceback_txt, orig_exception):
        mask = job.env["finance.vault"]._mask
        values = super()._get_failure_values(job, traceback_txt, orig_exception)
        return {name: mask(str(value)) for name, value in values.items()}
