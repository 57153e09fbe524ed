"""What a charge is made of, as a fingerprint: under one number the same request is sent again, or none (I6).

An adapter's request is a function of its operation; times, nonces and signatures differ each time and are left out. The
shopper's part (payment code, openid, address) goes in under the shop's own key alone: an unkeyed hash of it could be
guessed back. Without a key the fingerprint covers what the shop itself said, and not what the shopper gave.
"""

from __future__ import annotations

import json
from hashlib import sha256

from payfallback._core.env import Env
from payfallback._core.order import Attempt
from payfallback._core.run import Run
from payfallback.policy import Channel

BODY = "payfallback.body"  # in an attempt's memo
_LENGTH = 16  # hexadecimal digits: 64 bits tell two bodies of one number apart


def body_of(run: Run, channel: Channel, number: str, option: str, expires_at: float | None) -> str:
    """The fingerprint of a charge; empty for a channel whose requests are not made here."""
    if channel.name not in run.env.wires:
        return ""
    amount, order, shopper = run.known.amount, run.order, run.shopper
    title = order.title if order is not None else ""
    said = [number, option, channel.product, amount.minor, amount.currency, title, expires_at, channel.notify_url]
    given = shopper.inputs_for(channel.name) if shopper.inputs else {}
    who = [sorted(given.items()), shopper.ref, shopper.ip, shopper.device, shopper.return_url]
    return _fingerprint(run.env, json.dumps(said), json.dumps(who))


def _fingerprint(env: Env, said: str, who: str) -> str:
    keyed = env.hashed(f"body\x1f{said}\x1f{who}")
    return f"k:{keyed[:_LENGTH]}" if keyed else f"p:{sha256(said.encode()).hexdigest()[:_LENGTH]}"


def same_body(run: Run, channel: Channel, attempt: Attempt) -> bool:
    """Whether a charge of this run would be the request that the attempt's number already stands for."""
    kept = attempt.memo.get(BODY, "")
    return not kept or kept == body_of(run, channel, attempt.number, attempt.option, attempt.expires_at)
