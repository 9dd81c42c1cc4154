from . import treasury_payment_proof
from . import treasury_payment_run
