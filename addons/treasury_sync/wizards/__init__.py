from . import base_partner_merge
from . import treasury_payment_proof
from . import treasury_payment_refusal
from . import treasury_payment_run
from . import treasury_payment_run_line
from . import treasury_recall_request
from . import treasury_report_upload
from . import treasury_settlement_assign
