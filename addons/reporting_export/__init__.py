from .tools import exception_codes
from . import models
from . import adapters
from . import wizards
from .hooks import uninstall_hook
