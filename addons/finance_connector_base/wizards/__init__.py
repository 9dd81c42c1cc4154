from . import finance_connection_host_key
from . import finance_exchange_cancel
from . import finance_exchange_dry_run
from . import finance_exception_close
from . import finance_exception_fix_mapping
from . import finance_mapping_import
from . import finance_routing_try
