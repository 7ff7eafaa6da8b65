"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# Properties are about answers. How fast they come on a machine that others use, too, says nothing.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")
