from . import folder, openlineage, s3, sftp, warehouse
