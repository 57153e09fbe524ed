"""The vocabulary of faults."""

from __future__ import annotations

import pytest

from payfallback._core.operations import Kind
from payfallback.errors import ProgrammingError
from payfallback.taxonomy import Cause
from payfallback.testing import EXTRAS, FAULTS, Fault, Faults, parse_fault

WORDS = (
    "refused http_503 slow hang reply_lost captured_late declined rate_limited appears_late flapping malformed "
    "unsigned wrong_amount key_ignored close_refused"
)


def test_the_vocabulary_is_the_one_of_the_front_door() -> None:
    """The words are those of the documented vocabulary, and the extras are kept apart."""
    assert set(FAULTS) == set(WORDS.split())
    assert not set(FAULTS) & set(EXTRAS)


@pytest.mark.parametrize("word", [*FAULTS, *EXTRAS, "slow:2.5", "wrong_amount:1234567", "declined:overdue"])
def test_every_word_reads_back(word: str) -> None:
    """A fault's text reads back as the same fault."""
    fault = parse_fault(word)
    assert parse_fault(str(fault)) == fault


def test_parameters() -> None:
    """What follows the colon is read as the word wants it."""
    assert parse_fault("slow:2.5").number == 2.5
    assert parse_fault("declined:overdue").cause is Cause.OVERDUE
    assert parse_fault("declined").cause is Cause.DECLINED
    assert parse_fault("wrong_amount:59").number == 59


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("reply_lots", "did you mean 'reply_lost'"),
        ("declined:overdu", "did you mean 'overdue'"),
        ("zzz", "known: "),
        ("hang:3", "write 'hang'"),
        ("slow:fast", "seconds"),
        ("slow:-1", "seconds"),
        ("slow:nan", "seconds"),
        ("flapping:1", "at least 2"),
        ("wrong_amount:1.5", "whole number"),
    ],
)
def test_mistakes_get_a_hint(text: str, hint: str) -> None:
    """A word that is not one says what was probably meant."""
    with pytest.raises(ProgrammingError, match=hint):
        parse_fault(text)


def test_a_fault_made_by_hand_is_checked_too() -> None:
    """No fault can exist that the vocabulary does not know."""
    with pytest.raises(ProgrammingError, match="hang"):
        Fault("hangs")  # one letter too many


def test_an_outage_names_a_known_channel_and_operation() -> None:
    """A channel, operation or pairing that makes no sense is refused."""
    faults = Faults(["baitiao", "wechat"])
    with pytest.raises(ProgrammingError, match="'baitiao'"):
        faults.outage("baitao", "hang")
    with pytest.raises(ProgrammingError, match="'charge'"):
        faults.outage("baitiao", "hang", operation="charg")
    with pytest.raises(ProgrammingError, match="it can strike: close"):
        faults.outage("baitiao", "close_refused", operation="charge")
    with pytest.raises(ProgrammingError, match="at least once"):
        faults.outage("baitiao", "hang", times=0)


def test_an_outage_strikes_its_channel_and_operation_only() -> None:
    """Other channels and operations go through; a star strikes every channel."""
    faults = Faults()
    faults.outage("baitiao", "hang", operation="charge")
    assert faults.strike("baitiao", Kind.QUERY) == faults.strike("wechat", Kind.CHARGE) == ()
    assert [each.name for each in faults.strike("baitiao", Kind.CHARGE)] == ["hang"]
    faults.outage("*", "unsigned", operation=Kind.QUERY)
    assert faults.strike("wechat", Kind.QUERY)


def test_counted_and_delayed_outages() -> None:
    """`after` lets calls through first, `times` ends it by itself."""
    faults = Faults()
    faults.outage("baitiao", "http_503", operation="charge", times=2, after=1)
    struck = [bool(faults.strike("baitiao", Kind.CHARGE)) for _ in range(5)]
    assert struck == [False, True, True, False, False]


def test_flapping_lets_the_last_of_every_n_through() -> None:
    """A flapping channel answers one call of every so many."""
    faults = Faults()
    faults.outage("baitiao", "flapping:3")
    assert [bool(faults.strike("baitiao", Kind.CHARGE)) for _ in range(6)] == [True, True, False] * 2


def test_lifting() -> None:
    """An outage ends by its own handle, by channel, all at once, or with its `with` block."""
    faults = Faults()
    one = faults.outage("baitiao", "hang")
    faults.outage("wechat", "hang")
    one.lift()
    assert not faults.strike("baitiao", Kind.CHARGE)
    faults.lift("wechat")
    assert not faults.strike("wechat", Kind.CHARGE)
    with faults.outage("wechat", "hang"):
        assert faults.strike("wechat", Kind.CHARGE)
    assert not faults.strike("wechat", Kind.CHARGE)
    faults.outage("baitiao", "hang")
    faults.lift()
    assert not faults.strike("baitiao", Kind.CHARGE)


def test_outages_add_up() -> None:
    """Two faults of one channel strike the same call."""
    faults = Faults()
    faults.outage("baitiao", "captured_late:9")
    faults.outage("baitiao", "reply_lost")
    assert [str(each) for each in faults.strike("baitiao", Kind.CHARGE)] == ["captured_late:9", "reply_lost"]
