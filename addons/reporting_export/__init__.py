from .tools import exception_codes
from . import models
from . import adapters
from .hooks import uninstall_hook
