import pytest

from fastapi_chassis.plugins.sqlalchemy import (
    Database,
    MigrationError,
    SqlAlchemyConfig,
    SqlAlchemyMigrations,
    SqlAlchemyStore,
)
from fastapi_chassis.testing.contracts.samples import WordRepository


@pytest.mark.requirement("REP-6")
async def test_a_plugin_s_steps_know_its_configuration_and_its_tables(tmp_path):
    config = SqlAlchemyConfig.model_validate(
        {"url": f"sqlite:///{tmp_path}/a.db", "migrations": tmp_path / "migrations"}
    )
    store = SqlAlchemyStore(Database(config))
    store.repository(WordRepository)
    steps = SqlAlchemyMigrations(config, store.database.schema)
    for step in (steps.pending(), steps.migrate(), steps.downgrade("base")):
        with pytest.raises(MigrationError, match="is not there"):
            await step
    script = await steps.write("words")
    assert script is not None
    assert script.parent == tmp_path / "migrations"
    applied = await steps.migrate()
    assert list(dict.fromkeys(step.split()[0] for step in applied)) == ["fastapi-chassis", "service"]
    assert await steps.pending() == []
    assert len(await steps.downgrade("base")) == 1
    assert len(await steps.pending()) == 1
