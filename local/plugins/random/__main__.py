from importlib.metadata import version

from local.plugins.random.provider import RandomProvider
from local.plugins.serving import serve

if __name__ == "__main__":
    serve(version("pulumi-random"), RandomProvider)
