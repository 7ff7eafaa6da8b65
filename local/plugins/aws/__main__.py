from importlib.metadata import version

from local.plugins.aws.provider import AwsProvider
from local.plugins.serving import serve

if __name__ == "__main__":
    serve(version("pulumi-aws"), AwsProvider)
