"""The plugin: the engine runs this folder, and is told a port."""

import sys
from pathlib import Path

import pulumi.provider

# The packages are beside this folder.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from provider import hosted

if __name__ == "__main__":
    pulumi.provider.main(hosted.provider(), sys.argv[1:])
