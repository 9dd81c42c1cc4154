from . import finance_exchange_cancel
from . import finance_exchange_dry_run
