"""Destinations: which of them take nothing just now; a breaker for each."""

from collections.abc import Collection, Mapping

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging.config import RetryConfig
from fastapi_chassis.messaging.outage import Outage

_REFUSALS = 3  # batches in a row of which a destination took nothing, and keys of which it took none
_REMEMBERED = 16  # batches


class Destinations:
    """Closes a destination that refuses whatever comes, so that its messages don't fill every batch.

    Args:
        retry: the waits until it is tried again.
    """

    def __init__(self, retry: RetryConfig) -> None:
        self._retry = retry
        self._refusals: dict[str, list[set[str]]] = {}
        self._outages: dict[str, Outage] = {}

    @property
    def closed(self) -> frozenset[str]:
        """Those that are not tried just now."""
        return frozenset(name for name, outage in self._outages.items() if outage.left > 0)

    def note(self, confirmed: Collection[str], refused: Mapping[str, set[str]], reason: str = "") -> None:
        """Notes what became of a batch; one key that is refused again and again closes nothing.

        Args:
            confirmed: destinations that took at least one message.
            refused: destinations that refused at least one, and the keys of what they refused.
            reason: what the broker said, for the log.
        """
        for name in confirmed:
            self._refusals.pop(name, None)
            if outage := self._outages.pop(name, None):
                outage.healed()
        for name in refused.keys() - set(confirmed):
            refusals = [*self._refusals.get(name, ()), refused[name]][-_REMEMBERED:]
            self._refusals[name] = refusals
            if len(refusals) >= _REFUSALS and len(set().union(*refusals)) >= _REFUSALS:
                outage = self._outages.setdefault(name, Outage(f"the destination {name}", self._retry))
                outage.failed(UnavailableException(reason))
