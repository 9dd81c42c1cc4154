from . import api_caller, ibanity
from . import folder, gocardless, nextgenpsd2, plaid, ponto, sftp, upload
