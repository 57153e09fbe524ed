"""What a shopper was shown, as JSON. Two kinds hold secrets: those are sealed, or only their kind is kept."""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from payfallback.journal._sealing import Seal
from payfallback.journal._unreadable import newer
from payfallback.model import Action, AppParams, ClientSecret, Form, Qr, Redirect


def write_action(action: Action, seal: Seal | None, key: str) -> str:
    """An action as a JSON array: its kind, then its fields in clear, or sealed, or not at all."""
    match action:
        case Qr(code):
            return f'["qr",{quoted(code)}]'
        case Redirect(url):
            return f'["redirect",{quoted(url)}]'
        case Form(url, fields):
            return f'["form",{quoted(url)},{json.dumps(dict(fields))}]'
        case ClientSecret(secret):
            return _sealed("client_secret", secret, seal, key)
        case AppParams(params):
            return _sealed("app_params", json.dumps(dict(params)), seal, key)


def read_action(given: Any, seal: Seal | None, key: str) -> Action | None:
    """The action of that array. A secret that was not kept, or that no key opens, comes back empty."""
    if given is None:
        return None
    match given:
        case ["qr", code]:
            return Qr(code)
        case ["redirect", url]:
            return Redirect(url)
        case ["form", url, fields]:
            return Form(url, fields)
        case ["client_secret", *kept]:
            return ClientSecret(_opened("client_secret", kept, seal, key) or "")
        case ["app_params", *kept]:
            return AppParams(json.loads(_opened("app_params", kept, seal, key) or "{}"))
        case [str(kind), *_]:
            raise newer(f"action {kind!r}")
    raise ValueError("not an action")


def without_secret(action: Action) -> Action:
    """The action as it comes back from a journal that has no sealing key."""
    match action:
        case ClientSecret():
            return ClientSecret("")
        case AppParams():
            return AppParams({})
    return action


def _sealed(kind: str, clear: str, seal: Seal | None, key: str) -> str:
    if seal is None:
        return f'["{kind}"]'
    return f'["{kind}","{seal.close(clear, f"{kind}:{key}")}"]'


def _opened(kind: str, kept: list[Any], seal: Seal | None, key: str) -> str | None:
    if seal is None or not kept:
        return None
    return seal.open(kept[0], f"{kind}:{key}")
