from . import test_receive
from . import test_process
from . import test_send
from . import test_sweep
from . import test_replay
from . import test_interface
from . import test_limits
