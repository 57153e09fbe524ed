"""The JSON Schemas say what the library does: of the configuration, and of results."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from typing import Any

import config_page
import jsonschema
import pytest
from config_shop import WHOLE

from payfallback.model import AppParams, ClientSecret, Form, Money, Qr, Redirect
from payfallback.results import ActionRequired, NotPaid, Options, OptionState, Outcome, Paid, Pending, Result
from payfallback.schema import config_schema, results_schema
from payfallback.taxonomy import Cause

YUAN = Money.of("5999.00", "CNY")


def as_json(value: Any) -> Any:
    """A TOML document as an editor sees it: times are text."""
    return json.loads(
        json.dumps(value, default=lambda given: given.isoformat() if isinstance(given, dt.datetime) else None)
    )


def misfits(document: Any, schema: dict[str, Any]) -> list[str]:
    """What of a document its schema does not admit."""
    return [each.message for each in jsonschema.Draft202012Validator(schema).iter_errors(document)]


@pytest.mark.parametrize("schema", [config_schema(), results_schema()], ids=["configuration", "results"])
def test_a_schema_is_a_schema(schema: dict[str, Any]) -> None:
    """Both are valid by the draft that they name, and plain JSON."""
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]
    assert json.loads(json.dumps(schema)) == schema


def test_a_right_configuration_fits_its_schema() -> None:
    """What `load` reads, an editor accepts."""
    assert misfits(as_json(tomllib.loads(WHOLE)), config_schema()) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('autonomy = "switch"', 'autonmy = "switch"'),
        ('autonomy = "switch"', 'autonomy = "swich"'),
        ('timeout = "3s"', "timeout = 3"),
        ('from = "100.00"', "from = 100.00"),
        ('secret = "${env:JD_3DES}"', 'secret = "literal"'),
        ('terms   = [12, 6, "full"]', 'terms = ["all"]'),
        ("version = 1", "version = 2"),
        ('provider = "jdpay"', ""),
    ],
)
def test_an_editor_sees_the_mistakes_that_load_refuses(old: str, new: str) -> None:
    """Unknown keys, bare amounts and durations, literal secrets: underlined while they are typed."""
    assert old in WHOLE
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(as_json(tomllib.loads(WHOLE.replace(old, new))), config_schema())


def test_every_key_is_described() -> None:
    """An editor can say what each key means, and the page does."""
    undescribed = [
        f"{name}.{key}"
        for name, table in config_schema()["$defs"].items()
        for key, each in table["properties"].items()
        if not each.get("description") and "$ref" not in each
    ]
    assert undescribed == []


@pytest.mark.parametrize("name", list(config_page.TABLES))
def test_the_page_shows_every_key(name: str) -> None:
    """`docs/configuration.md` is what the models read: `python tests/config/config_page.py` writes its tables."""
    page = config_page.PAGE.read_text(encoding="utf-8")
    assert config_page.section(page, name) == config_page.tables()[name]


COMMON: dict[str, Any] = {"order_id": "A1", "alternatives": ("wechat",), "switched_from": ("baitiao/12",)}
SHOWN: dict[str, Any] = {**COMMON, "option": "wechat", "number": "A101", "expires_at": 1.5}
RESULTS: list[Result] = [
    Paid(**COMMON, option="wechat", amount=YUAN, number="A101", provider_ref="4200", paid_at=1.0),
    Paid(order_id="A1", option="wechat", amount=YUAN, number="A101"),
    NotPaid(**COMMON, cause=Cause.OVERDUE, retry_after=3.0),
    NotPaid(order_id="A1"),
    Pending(**COMMON, cause=Cause.TIMEOUT, since=1.0, switchable_at=2.0, settles_by=3.0, needs_person=True),
    Pending(order_id="A1"),
    ActionRequired(**SHOWN, action=Qr("weixin://pay")),
    ActionRequired(**SHOWN, action=Redirect("https://pay.example")),
    ActionRequired(**SHOWN, action=Form("https://pay.example", {"a": "1"})),
    ActionRequired(**SHOWN, action=ClientSecret("pi_secret")),
    ActionRequired(**SHOWN, action=AppParams({"paySign": "x"})),
]


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: f"{result.status}-{getattr(result, 'action', '')!r:.12}")
def test_a_result_fits_the_schema(result: Result) -> None:
    """What `to_json` returns is exactly what the schema describes, in any state."""
    assert misfits(json.loads(json.dumps(result.to_json())), results_schema()) == []


@pytest.mark.parametrize("change", [{"status": "failed"}, {"version": 2}, {"cause": "made_up"}, {"extra": 1}], ids=str)
def test_something_else_does_not_fit(change: dict[str, Any]) -> None:
    """The schema tells results apart and admits nothing that the library never says."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**RESULTS[2].to_json(), **change}, results_schema())


def _part(name: str) -> dict[str, Any]:
    schema = results_schema()
    return {"$schema": schema["$schema"], "$defs": schema["$defs"], "$ref": f"#/$defs/{name}"}


def test_options_and_outcomes_fit_theirs() -> None:
    """What a page reads before the click, and what the shop is told afterwards, have schemas too."""
    states = (
        OptionState(option="baitiao/12", available=True, label="京东白条", each=YUAN, first=YUAN, fee=YUAN, total=YUAN),
        OptionState(option="wechat", available=False, reason=Cause.CHANNEL_STOPPED, open=Qr("x")),
    )
    assert misfits(json.loads(json.dumps(Options(order_id="A1", options=states).to_json())), _part("Options")) == []
    outcome = Outcome(id="o1", order_id="A1", kind="paid", amount=YUAN, at=1.0, cause=Cause.EXPIRED)
    assert misfits(json.loads(json.dumps(outcome.to_json())), _part("Outcome")) == []
