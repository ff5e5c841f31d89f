"""What can go wrong with a test server: nothing here provides it, or what was found does not work."""

from fastapi_chassis.domain import ChassisError


class BackendUnavailableError(ChassisError):
    """Nothing on this machine provides the server; a test skips, or fails where backends are required."""

    title = "backend not available"


class BackendFailedError(ChassisError):
    """The server was found, but could not be built, started or kept alive; never a skip."""

    title = "backend failed"
