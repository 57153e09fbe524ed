"""Client secrets and app parameters are never written in clear."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from journal_cases import START, add, load, new, submit

from payfallback._core.events import Seen
from payfallback.errors import ConfigError
from payfallback.journal.memory import MemoryJournal
from payfallback.journal.sqlite import SqliteJournal
from payfallback.model import Action, AppParams, ClientSecret, Redirect
from payfallback.ports import Journal

SECRET = "pi_3N_secret_h5oT9"
SECRETS = [ClientSecret(SECRET), AppParams({"paySign": SECRET, "package": "prepay_id=1"})]
Opens = Callable[..., SqliteJournal]


def shown(action: Action) -> Seen:
    """Evidence with something for the shopper."""
    return Seen(START, 1, "charge", "pending", action=action)


def bytes_of(folder: Path) -> bytes:
    """Everything a journal has on the disk."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


def kept(journal: Journal) -> Action | None:
    """The action of an order's second event."""
    event = load(journal).events[1]
    assert isinstance(event, Seen)
    return event.action


@pytest.mark.parametrize("action", SECRETS, ids=lambda action: action.kind)
def test_without_a_key_only_the_kind_is_kept(journal: Journal, action: Action) -> None:
    """The journal knows that there was a secret and of which kind, and has forgotten it."""
    submit(journal, new())
    submit(journal, add(1, shown(action)))
    assert kept(journal) == (ClientSecret("") if isinstance(action, ClientSecret) else AppParams({}))


@pytest.mark.parametrize("action", SECRETS, ids=lambda action: action.kind)
@pytest.mark.parametrize("seal", [None, bytes(32)], ids=["dropped", "sealed"])
def test_no_secret_stands_in_the_file(open_sqlite: Opens, tmp_path: Path, action: Action, seal: bytes | None) -> None:
    """Neither the database nor its log holds the secret's bytes, with a key or without."""
    journal = open_sqlite(seal=seal)
    submit(journal, new())
    submit(journal, add(1, shown(action)))
    assert SECRET.encode() not in bytes_of(tmp_path)
    journal.close()
    assert SECRET.encode() not in bytes_of(tmp_path)


@pytest.mark.parametrize("action", SECRETS, ids=lambda action: action.kind)
def test_with_a_key_it_comes_back(open_sqlite: Opens, action: Action) -> None:
    """A reload of the page shows the same action, in another process as well; keys are bytes, hexadecimal or base64."""
    key = os.urandom(32)
    journal = open_sqlite(seal=key)
    submit(journal, new())
    submit(journal, add(1, shown(action)))
    assert kept(open_sqlite(seal=key.hex())) == action
    assert kept(open_sqlite(seal=(os.urandom(32), key))) == action
    in_memory = MemoryJournal(seal=key)
    submit(in_memory, new())
    submit(in_memory, add(1, shown(action)))
    assert kept(in_memory) == action


def test_a_lost_key_loses_the_secret_only(open_sqlite: Opens) -> None:
    """With another key, or none, the order is still read; its secret comes back empty."""
    journal = open_sqlite(seal=os.urandom(32))
    submit(journal, new())
    submit(journal, add(1, shown(ClientSecret(SECRET))))
    for seal in (None, os.urandom(32)):
        assert kept(open_sqlite(seal=seal)) == ClientSecret("")


def test_what_is_no_secret_is_kept_in_clear(journal: Journal) -> None:
    """A redirect is shown again without any key."""
    submit(journal, new())
    submit(journal, add(1, shown(Redirect("https://pay.example/x"))))
    assert kept(journal) == Redirect("https://pay.example/x")


@pytest.mark.parametrize("key", [b"short", "not a key", "ab" * 16, (bytes(32), b"short")])
def test_a_key_of_another_length_is_refused(open_sqlite: Opens, key: object) -> None:
    """A sealing key has 32 bytes; the error does not show what was given."""
    with pytest.raises(ConfigError, match="32 bytes") as caught:
        open_sqlite(seal=key)
    assert "short" not in str(caught.value)
