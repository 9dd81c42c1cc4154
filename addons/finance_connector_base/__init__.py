from . import models
from . import adapters
from . import controllers
from . import wizards
from .hooks import uninstall_hook
