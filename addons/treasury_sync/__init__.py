from . import adapters, controllers, models, wizards
from .tools import exception_codes, pain001, pain008
