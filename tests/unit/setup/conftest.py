"""The library of the commands in ``setup/`` is imported as they import it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "setup"))
