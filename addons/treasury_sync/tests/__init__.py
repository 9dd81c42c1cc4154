from . import test_payment_life
