"""The bookshop as a fleet: the same modules as three processes, by their environment alone."""

from fleet.processes import Fleet, Process, open_fleet

__all__ = ("Fleet", "Process", "open_fleet")
