from . import test_access_token
from . import test_credential
from . import test_vault
from . import test_subscription
from . import test_environment
