from . import models
from .tools import exception_codes, pain001
