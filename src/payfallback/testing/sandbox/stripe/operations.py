"""What Stripe does with a request about a PaymentIntent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from payfallback.testing.sandbox.bank import Bank
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Call
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.stripe import forms, methods, views
from payfallback.testing.sandbox.stripe.amounts import chargeable, is_currency, minor_of, units_of
from payfallback.testing.sandbox.stripe.errors import ApiError, invalid, missing
from payfallback.testing.sandbox.stripe.intents import Intent, Intents
from payfallback.testing.sandbox.stripe.methods import Method
from payfallback.testing.sandbox.trades import State, Trade

Told = dict[str, Any]

YEARS = 10 * 365 * 86400.0  # an intent has no expiry of its own
_CREATE = (
    *("amount", "capture_method", "confirm", "currency", "customer", "description", "metadata", "payment_method"),
    *("payment_method_data", "payment_method_types", "return_url", "shipping", "statement_descriptor_suffix"),
)
_CONFIRM = ("payment_method", "payment_method_data", "return_url")
_CANCELABLE = (State.CREATED, State.OPEN, State.CONFIRMING, State.REFUSED, State.AUTHORIZED)
_SEARCH = re.compile(r"""metadata\[["']([^"']{1,40})["']\]:["']([^"']{0,500})["']""")


class Operations:
    """One method an endpoint. Each returns the JSON of the answer."""

    def __init__(self, bank: Bank, clock: Clock, mint: Mint, intents: Intents, page: Callable[[str], str]) -> None:
        self._bank, self._clock, self._mint, self._intents, self._page = bank, clock, mint, intents, page
        self.by_name: dict[str, Callable[[Call], Told]] = {
            "create": self.create,
            "create_confirmed": self.create,
            "confirm": self.confirm,
            "retrieve": self.retrieve,
            "search": self.search,
            "cancel": self.cancel,
            "capture": self.capture,
        }

    # ------------------------------------------------------------ paying

    def create(self, call: Call) -> Told:
        """A new intent; with `confirm` it is paid in the same breath. Raises `ApiError`."""
        given = call.given
        forms.only(given, _CREATE)
        confirmed, back = forms.flag(given, "confirm"), _page_to_return_to(given)
        method = methods.named(given, f"pm_{self._mint.text(24)}")
        if confirmed and method is None:
            raise missing("payment_method")
        intent = self._new(call, method, back)
        self._intents.add(intent)
        self._bank.open(intent.trade)
        if confirmed:
            return self._confirmed(intent, call)
        return self._told(intent, call)

    def _new(self, call: Call, method: Method | None, back: str) -> Intent:
        given, now = call.given, self._clock.now()
        units, currency = forms.number(given, "amount"), forms.text(given, "currency", required=True)
        if units is None:
            raise missing("amount")
        if not is_currency(currency):
            raise invalid("currency")
        if not chargeable(units, currency):
            raise ApiError(400, "invalid_amount", f"This amount cannot be charged in {currency}.", param="amount")
        types = forms.listed(given, "payment_method_types") or ["card"]
        strange = [each for each in types if each not in methods.TYPES]
        if strange or (method is not None and method.type not in types):
            raise invalid("payment_method_types")
        manual = forms.text(given, "capture_method", pattern="automatic|automatic_async|manual") == "manual"
        metadata, intent_id = forms.metadata(given), f"pi_{self._mint.text(24)}"
        trade = Trade(
            provider=self._bank.provider,
            number=metadata.get("attempt") or intent_id,
            amount=minor_of(units, currency),
            product=types[0],
            created=now,
            expires=now + YEARS,
            ref=intent_id,
            title=forms.text(given, "description"),
            order=metadata.get("order", ""),
            back_to=back,
            currency=currency.upper(),
            holds=manual,
            state=State.OPEN if method is None else State.CREATED,
            late=call.struck.seconds("captured_late"),
        )
        secret = f"{intent_id}_secret_{self._mint.text(25)}"
        customer = forms.text(given, "customer", pattern=r"cus_[0-9A-Za-z]{1,60}")
        charge = f"ch_{self._mint.text(24)}"
        return Intent(intent_id, trade, currency, secret, charge, types, metadata, manual, method, customer)

    def confirm(self, call: Call) -> Told:
        """Pay with the method that the intent has, or is given now. Raises `ApiError`."""
        given, intent = call.given, self._intents.get(call.path["intent"])
        forms.only(given, _CONFIRM)
        back = _page_to_return_to(given)
        method = methods.named(given, f"pm_{self._mint.text(24)}")
        if intent.trade.state not in (State.CREATED, State.OPEN, State.REFUSED):
            raise self._unexpected(intent, "confirm")
        intent.method = method or intent.method
        if intent.method is None:
            raise self._unexpected(intent, "confirm")
        intent.trade.back_to = back or intent.trade.back_to
        return self._confirmed(intent, call)

    def _confirmed(self, intent: Intent, call: Call) -> Told:
        method, trade, struck = intent.method, intent.trade, call.struck
        assert method is not None  # noqa: S101  # both callers looked
        if method.type != "card" and not trade.back_to:
            raise missing("return_url")
        trade.doomed = struck.word("declined") or method.declines
        trade.late = struck.seconds("captured_late")
        trade.hidden_until = self._clock.now() + (struck.seconds("appears_late") or 0.0)
        trade.state, trade.cause, intent.tried = State.CONFIRMING, "", method
        if not method.redirects:
            self._bank.pay(trade, "")
        if trade.state is State.REFUSED:
            intent.method = None
            raise self._declined(intent)
        return self._told(intent, call)

    # ------------------------------------------------------------ asking

    def retrieve(self, call: Call) -> Told:
        """By its id. Only the fault `appears_late` hides an intent. Raises `ApiError`."""
        intent = self._intents.get(call.path["intent"])
        if self._hidden(intent, call):
            raise ApiError(404, "resource_missing", f"No such payment_intent: '{intent.id}'", param="intent")
        return self._told(intent, call)

    def search(self, call: Call) -> Told:
        """By a text in the metadata, the only search that there is here. Raises `ApiError`."""
        found = _SEARCH.fullmatch(call.query.get("query", ""))
        if found is None:
            raise invalid("query")
        data = [
            self._told(intent, call)
            for intent in self._intents.all()
            if intent.metadata.get(found[1]) == found[2] and not self._hidden(intent, call)
        ]
        url = "/v1/payment_intents/search"
        return {"object": "search_result", "url": url, "has_more": False, "next_page": None, "data": data[:100]}

    def _hidden(self, intent: Intent, call: Call) -> bool:
        now, seconds = self._clock.now(), call.struck.seconds("appears_late") or 0.0
        return intent.trade.hidden_until > now or intent.trade.created + seconds > now

    # ------------------------------------------------------------ undoing, taking

    def cancel(self, call: Call) -> Told:
        """End what was not paid, and let go of what was set aside. Raises `ApiError`."""
        intent = self._intents.get(call.path["intent"])
        forms.only(call.given, ("cancellation_reason",))
        if intent.trade.state not in _CANCELABLE or "close_refused" in call.struck:
            raise self._unexpected(intent, "cancel")
        if intent.trade.state is State.REFUSED:
            intent.trade.state = State.CREATED
        self._bank.close(intent.trade)
        return self._told(intent, call)

    def capture(self, call: Call) -> Told:
        """Take what was set aside, or a part of it. Raises `ApiError`."""
        intent = self._intents.get(call.path["intent"])
        forms.only(call.given, ("amount_to_capture",))
        units = forms.number(call.given, "amount_to_capture")
        whole = units_of(intent.trade.amount, intent.currency)
        if units is not None and (units > whole or not chargeable(units, intent.currency)):
            raise invalid("amount_to_capture")
        if not self._bank.take(intent.trade, minor_of(units or whole, intent.currency)):
            raise self._unexpected(intent, "capture")
        return self._told(intent, call)

    # ------------------------------------------------------------ saying it

    def _told(self, intent: Intent, call: Call) -> Told:
        expanded = any(name in ("latest_charge", "data.latest_charge") for name in _expanded(call))
        extra = 1 if "wrong_amount" in call.struck else 0
        return views.intent(intent, self._page(intent.trade.number), extra, expanded=expanded)

    def _declined(self, intent: Intent) -> ApiError:
        error, shown = dict(intent.error or {}), views.intent(intent, self._page(intent.trade.number))
        code, message = error.pop("code", ""), error.pop("message", "")
        return ApiError(402, code, message, saved=True, payment_intent=shown, **error)

    def _unexpected(self, intent: Intent, what: str) -> ApiError:
        message = f"You cannot {what} this PaymentIntent because it has a status of {intent.status}."
        shown = views.intent(intent, self._page(intent.trade.number))
        return ApiError(400, "payment_intent_unexpected_state", message, saved=True, payment_intent=shown)


def _expanded(call: Call) -> list[str]:
    """What is to be shown whole instead of by its id."""
    asked = call.given if call.endpoint.method == "POST" else forms.tree(parse_qsl(urlsplit(call.target).query))
    return forms.listed(asked, "expand")


def _page_to_return_to(given: dict[str, Any]) -> str:
    return forms.text(given, "return_url", pattern=r"https?://\S{1,2000}")
