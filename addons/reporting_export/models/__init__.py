from . import (
    finance_adapter,
    finance_handler_reporting_run,
    reporting_change,
    reporting_contract,
    reporting_contract_column,
    reporting_dataset,
    reporting_export,
    reporting_query,
    reporting_run,
    reporting_run_build,
    reporting_run_file,
    res_company,
)
