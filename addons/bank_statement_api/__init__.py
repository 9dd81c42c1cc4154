from . import adapters, models, wizards
from .tools import exception_codes
