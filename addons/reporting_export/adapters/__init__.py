from . import folder, openlineage, pull, s3, sftp, warehouse
