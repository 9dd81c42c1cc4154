"""What can be wrong with exported data; all of it holds the run and shows both sides."""

from odoo.addons.finance_connector_base.tools.errors import BusinessError, Severity


class SchemaViolationError(BusinessError):
    """Rows that break the contract: nothing of the run is delivered."""

    def __init__(self, message, evidence=None):
        super().__init__(
            "export_schema_violation",
            message,
            "Correct the records named in the evidence, or propose a contract that allows them; then retry.",
            evidence=evidence,
            severity=Severity.HIGH,
        )


class ObjectDiffersError(BusinessError):
    """The target holds other bytes under the name of one of our files."""

    def __init__(self, path, expected, actual):
        super().__init__(
            "export_target_differs",
            f"The target holds {path} with other content: nothing was overwritten.",
            "Find out who wrote it, move it away, then retry.",
            evidence={"path": path, "expected_sha256": expected, "actual_sha256": actual},
            severity=Severity.HIGH,
        )
