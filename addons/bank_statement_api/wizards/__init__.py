from . import bank_statement_profile_try
from . import bank_statement_upload
