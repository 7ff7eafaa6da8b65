"""PyYAML's classes in C. They say the same in a tenth of the time; a PyYAML that was built without libyaml has none."""

from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from yaml import SafeDumper as Dumper
    from yaml import SafeLoader as Loader
else:
    Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

__all__ = ["Dumper", "Loader"]
