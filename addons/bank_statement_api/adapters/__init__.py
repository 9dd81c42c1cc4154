from . import folder, nextgenpsd2, sftp, upload
