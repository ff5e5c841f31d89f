import pytest

from fastapi_chassis.app.plugin_order import order_findings, requirements_of, sorter_of
from tests.unit.app.ledger import Ledger, plugin

L = Ledger()


def whats(*plugins):
    return [finding.what for finding in order_findings(plugins)]


@pytest.mark.requirement("PLG-2")
def test_a_requirement_that_nobody_meets_is_found_before_anything_starts():
    (finding,) = order_findings([plugin(L, "audit", requires=("sqlalchemy",))])
    assert finding.what == "plugin audit requires sqlalchemy, which is not enabled"
    assert "plugins: {sqlalchemy: {}}" in finding.remedy


@pytest.mark.requirement("PLG-2")
def test_plugins_that_require_each_other_are_found_before_anything_starts():
    (what,) = whats(plugin(L, "a", requires=("b",)), plugin(L, "b", requires=("a",)))
    assert what.startswith("plugins require each other: ")
    assert what.count("→") == 2


def test_everything_is_found_at_once():
    found = whats(
        plugin(L, "a", requires=("b",)),
        plugin(L, "b", requires=("a",)),
        plugin(L, "c", requires=("nobody",)),
        plugin(L, "d", instance="x"),
        plugin(L, "e", instance="x"),
    )
    assert len(found) == 3
    assert "two plugins are called x" in found


def test_what_is_required_cannot_rest_on_what_may_be_away():
    assert whats(plugin(L, "cache", requires=("redis",)), plugin(L, "redis", required=False)) == [
        "plugin cache is required and rests on redis, which is not"
    ]
    assert (
        whats(plugin(L, "cache", requires=("redis",), required=False), plugin(L, "redis", required=False))
        == []
    )


@pytest.mark.requirement("CFG-2")
def test_requiring_a_kind_means_every_section_of_it_and_a_section_means_itself():
    main, other = plugin(L, "db", instance="main"), plugin(L, "db", instance="other")
    audit, backup = plugin(L, "audit", requires=("db",)), plugin(L, "backup", requires=("other",))
    everybody = [main, other, audit, backup]
    assert order_findings(everybody) == []
    assert requirements_of(audit, everybody) == ("main", "other")
    assert requirements_of(backup, everybody) == ("other",)
    order = tuple(sorter_of(everybody).static_order())
    assert order.index("audit") > max(order.index("main"), order.index("other"))
