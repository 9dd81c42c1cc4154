from . import queue_job
from . import webhook
