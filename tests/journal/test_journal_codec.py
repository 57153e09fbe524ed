"""Events as lines of JSON: everything comes back, old and new versions understand each other."""

from __future__ import annotations

import json
import typing
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payfallback._core import events
from payfallback._core.events import EVENTS, Event, Seen, Won
from payfallback.errors import JournalUnavailable
from payfallback.journal._sealing import Seal
from payfallback.journal.codec import Codec, decode_outcome, encode_outcome
from payfallback.model import Action, AppParams, ClientSecret, Form, Money, Qr, Redirect
from payfallback.results import Outcome
from payfallback.taxonomy import Cause

SEALED = Codec(Seal([bytes(range(32))]))
PLAIN = Codec()

anything = st.text()  # control characters, emoji and lone surrogates included
pairs = st.dictionaries(anything, anything, max_size=3)
money = st.builds(Money, st.integers(0, 10**15), st.sampled_from(["CNY", "USD", "JPY", "KWD"]))
numbers = st.floats(allow_nan=False, allow_infinity=False)
actions = st.one_of(
    st.builds(Qr, anything),
    st.builds(Redirect, anything),
    st.builds(Form, anything, pairs),
    st.builds(ClientSecret, anything),
    st.builds(AppParams, pairs),
)
FIELDS: dict[Any, st.SearchStrategy[Any]] = {
    str: anything,
    int: st.integers(0, 2**40),
    float: numbers,
    bool: st.booleans(),
    Money: money,
    tuple[str, ...]: st.lists(anything, max_size=3).map(tuple),
    Mapping[str, str]: pairs,
    int | None: st.none() | st.integers(0, 2**40),
    float | None: st.none() | numbers,
    Action | None: st.none() | actions,
}


def built(event: type) -> st.SearchStrategy[Any]:
    """Any value of an event class, by the types that it declares."""
    declared = typing.get_type_hints(event, vars(events))
    return st.builds(event, *[FIELDS[declared[name]] for name in event.__value_fields__])  # type: ignore[attr-defined]  # set by `value`


any_event: st.SearchStrategy[Event] = st.one_of([built(event) for event in EVENTS])
outcomes = st.builds(
    Outcome,
    id=anything,
    order_id=anything,
    kind=st.sampled_from(["paid", "expired", "cancelled", "refunded", "needs_person"]),
    amount=money,
    at=numbers,
    merchant=anything,
    option=anything,
    number=anything,
    provider_ref=anything,
    cause=st.none() | st.sampled_from(Cause),
)


@given(st.lists(any_event, max_size=5), anything)
def test_every_event_comes_back(given_events: list[Event], key: str) -> None:
    """Whatever the core can say is read back as it was written, secrets included where there is a key."""
    assert SEALED.decode(SEALED.encode(given_events, key), key) == tuple(given_events)


@given(st.lists(any_event, min_size=1, max_size=5))
def test_an_event_is_one_line_of_ascii(given_events: list[Event]) -> None:
    """Each line is JSON of its own and names its event; appending lines is appending events."""
    lines = PLAIN.encode(given_events, "k")
    assert lines.isascii()
    names = [json.loads(line)["e"] for line in lines.splitlines()]
    assert names == [event.name for event in given_events]
    assert PLAIN.decode(lines + lines, "k") == 2 * PLAIN.decode(lines, "k")


@given(outcomes)
def test_every_outcome_comes_back(given_outcome: Outcome) -> None:
    """An outcome is told as it was decided."""
    assert decode_outcome(encode_outcome(given_outcome)) == given_outcome


def test_defaults_are_left_out() -> None:
    """What an event does not say costs nothing."""
    assert PLAIN.encode([Won(1.5, 1)], "k") == '{"e":"won","at":1.5,"seq":1}\n'
    assert PLAIN.encode([Seen(2.0, 1, "query", "pending")], "k") == (
        '{"e":"seen","at":2.0,"seq":1,"what":"query","verdict":"pending"}\n'
    )


def test_a_field_of_a_newer_version_is_ignored() -> None:
    """An older version reads what a newer one wrote, as long as it knows the event."""
    line = '{"e":"won","at":1.5,"seq":1,"mood":"good","more":[{"a":1}]}\n'
    assert PLAIN.decode(line, "k") == (Won(1.5, 1),)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('{"e":"split","at":1.5}', "event 'split'"),
        (
            '{"e":"seen","at":1,"seq":1,"what":"charge","verdict":"pending","action":["hologram","x"]}',
            "action 'hologram'",
        ),
    ],
)
def test_what_a_newer_version_means_is_not_guessed(line: str, named: str) -> None:
    """An unknown event or action could be misread: it is refused, and the error names the newer version."""
    with pytest.raises(JournalUnavailable, match=f"{named}.*a newer version"):
        PLAIN.decode(line, "k")


def test_an_unknown_cause_is_not_guessed() -> None:
    """A cause that this version does not know is refused as well."""
    with pytest.raises(JournalUnavailable, match=r"cause 'gremlins'.*a newer version"):
        decode_outcome('{"id":"o","order_id":"A","kind":"paid","amount":[1,"CNY"],"at":1,"cause":"gremlins"}')


@pytest.mark.parametrize(
    "line",
    [
        "nonsense", "[]", '"won"', '{"e":"won"}', '{"at":1}', '{"e":"won","at":1.5,"seq":1',
        '{"e":["won"],"at":1,"seq":1}',
        '{"e":"opened","at":1,"order_id":"A","merchant":"","amount":[-1,"CNY"],"pay_by":1,"autonomy":"switch"}',
        '{"e":"opened","at":1,"order_id":"A","merchant":"","amount":7,"pay_by":1,"autonomy":"switch"}',
    ],
)  # fmt: skip  # one broken line after the other
def test_a_damaged_line_is_reported(line: str) -> None:
    """What cannot be read is an error of the journal, not of the caller."""
    with pytest.raises(JournalUnavailable, match="cannot be read"):
        PLAIN.decode(line, "k")


@pytest.mark.parametrize("at", [float("nan"), float("inf"), "now", None, True])
def test_what_json_cannot_hold_is_refused(at: Any) -> None:
    """A number that is none never reaches the file."""
    with pytest.raises((TypeError, ValueError)):
        PLAIN.encode([Won(at, 1)], "k")


def test_whole_seconds_may_be_ints() -> None:
    """A time that was given as an int is equal when it comes back."""
    assert PLAIN.decode(PLAIN.encode([Won(5, 1)], "k"), "k") == (Won(5, 1),)
