from . import adapters, controllers, models, wizards
from .tools import bacs18, exception_codes, nacha, pain001, pain008, psd2_json
