from . import test_access
from . import test_feed
from . import test_folder
from . import test_import
from . import test_line_writer
from . import test_matching
from . import test_proof
