from . import (
    finance_adapter_dummy,
    finance_handler_dummy,
    finance_handler_dummy_out,
    finance_test_posting,
)
