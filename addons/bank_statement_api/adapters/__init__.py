from . import api_caller, ibanity
from . import folder, nextgenpsd2, ponto, sftp, upload
