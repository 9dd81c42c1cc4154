from . import api_caller, ibanity
from . import folder, gocardless, isabel, nextgenpsd2, plaid, ponto, sftp, upload
