from . import folder, nextgenpsd2, upload
