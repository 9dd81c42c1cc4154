from . import test_access, test_contract, test_run
