from . import payment_drop
from . import folder
from . import nextgenpsd2
from . import sftp
from . import reporting_platform
from . import stripe
from . import json_gateway
from . import treasury_platform
