from . import models
from . import adapters
from . import controllers
from .hooks import uninstall_hook
