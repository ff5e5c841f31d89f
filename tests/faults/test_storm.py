"""Everything that can go wrong, in one run, over each broker: nothing is lost, doubled or out of order."""

from pathlib import Path

import pytest

from tests.faults.nemesis import FAULTS, Storm
from tests.faults.rig import Load, open_site
from tests.faults.trials import MIXED, attempt

SERVERS = {"kafka": "kafka", "rabbitmq": "rabbitmq", "nats": "nats", "redis": "valkey"}
LOAD = Load(events=500, rate=100)


@pytest.mark.timeout(900)
@pytest.mark.requirement("MSG-3", "MSG-4", "MSG-5", "MSG-8", "MSG-12", "MISTAKE-6")
@pytest.mark.parametrize(
    "transport",
    [
        pytest.param(transport, marks=pytest.mark.backends("postgresql", server))
        for transport, server in SERVERS.items()
    ],
)
async def test_every_promise_is_kept_through_all_faults(transport: str, tmp_path: Path) -> None:
    async with open_site(transport) as site:
        result = await attempt(site, LOAD, Storm(FAULTS, seed=1, limit=400), MIXED, keep=tmp_path)
    print(result.line)
    assert not result.missed, f"void: these faults did not come often enough: {result.missed}"
    assert not result.crashes
    assert result.counts.is_clean, result.line
    assert result.counts.again > 0, "faults that nobody feels prove nothing"
