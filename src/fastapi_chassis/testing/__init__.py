"""What services and plugins use in their tests: a whole service, real servers and contract suites."""

from fastapi_chassis.testing.app import TestApplication, acting_as, frozen, open_application
from fastapi_chassis.testing.clock import SteppingClock
from fastapi_chassis.testing.waiting import eventually

__all__ = ("SteppingClock", "TestApplication", "acting_as", "eventually", "frozen", "open_application")
