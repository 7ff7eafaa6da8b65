"""The entry point that the engine starts: `python -m local.plugins.kubernetes <engine address>`."""

import sys
from importlib.metadata import version

from local.plugins.kubernetes.provider import Kubernetes
from local.plugins.kubernetes.server import Engine, Servicer
from local.plugins.serving import serve

if __name__ == "__main__":
    serve(version("pulumi-kubernetes"), lambda: Kubernetes(Engine(sys.argv[1])), Servicer)
