from . import nextgenpsd2
