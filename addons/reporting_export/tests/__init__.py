from . import test_access, test_audit_words, test_contract, test_run
from . import test_cash_position, test_pull
from . import test_warehouse
