from . import (
    test_finance_api,
    test_interface,
    test_limits,
    test_payment_send,
    test_process,
    test_receive,
    test_replay,
    test_screens,
    test_send,
    test_surface,
    test_sweep,
    test_together,
)
