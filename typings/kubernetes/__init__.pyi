"""What this program uses of the Kubernetes client, whose own functions return anything."""

from . import client as client
from . import config as config
from . import stream as stream
