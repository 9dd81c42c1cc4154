from . import finance_test_posting
from . import finance_adapter_dummy
from . import finance_handler_dummy
from . import finance_handler_dummy_out
