from . import test_approval
from . import test_batch_booking
from . import test_fraud
from . import test_guards
from . import test_order
from . import test_payment_life
from . import test_run
from . import test_follow
