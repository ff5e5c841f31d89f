from fastapi_chassis.config.nearest import nearest, suggestion


def test_nearest() -> None:
    assert nearest("boostrap_servers", ["bootstrap_servers", "outbox"]) == "bootstrap_servers"
    assert nearest("Old_Town", ["old-town"]) == "old-town"
    assert nearest("zzz", ["outbox"]) is None


def test_suggestion() -> None:
    assert suggestion("prot", ["port", "host"]) == "Did you mean port?"
    assert suggestion("zzz", ["port", "host"]) == "known here: host, port"
    assert suggestion("zzz", []) == "remove it"
    assert suggestion("zzz", [f"k{number:02}" for number in range(20)]).endswith("k11, ...")
