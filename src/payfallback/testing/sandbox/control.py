"""The control server: faults, books, logs and the shopper's hand, over HTTP; and the pages for people.

It answers only requests that name this machine as host, so that no page elsewhere can reach it under another name.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from payfallback.testing.sandbox import pages
from payfallback.testing.sandbox.books import orders
from payfallback.testing.sandbox.errors import SandboxError, UnknownNumber
from payfallback.testing.sandbox.incoming import read_body, read_object
from payfallback.testing.sandbox.trades import Trade
from payfallback.testing.sandbox.words import language
from payfallback.testing.sandbox.world import World

MOST_SHOWN = 10_000


class Control:
    """One method a route."""

    def __init__(self, world: World) -> None:
        self._world = world

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/", self.index),
            Route("/health", self.health),
            Route("/faults", self.faults, methods=["GET", "POST", "DELETE"]),
            Route("/ledger", self.ledger),
            Route("/requests", self.requests),
            Route("/notifications", self.notifications, methods=["GET", "POST"]),
            Route("/clock", self.clock, methods=["GET", "POST"]),
            Route("/pay", self.pay, methods=["POST"]),
            Route("/refuse", self.refuse, methods=["POST"]),
            Route("/pay/{number}", self.cashier, methods=["GET", "POST"]),
        ]
        trusted = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
        errors = {SandboxError: _refused, UnknownNumber: _refused, ClientDisconnect: _gone}
        return Starlette(routes=routes, middleware=[trusted], exception_handlers=errors)

    # ------------------------------------------------------------ for programs

    async def health(self, request: Request) -> Response:
        """Where everything is."""
        urls = {f"{name}_url": listener.url for name, listener in self._world.listeners.items()}
        return JSONResponse({"ok": True, **urls})

    async def faults(self, request: Request) -> Response:
        """GET lists, POST puts one in force, DELETE lifts those of `?provider=`, or all."""
        if request.method == "POST":
            await self._world.fault(**_named(await _json(request), _FAULT, *_OPTIONAL))
        elif request.method == "DELETE":
            await self._world.clear(request.query_params.get("provider"))
        return JSONResponse({"faults": [rule.as_json() for rule in self._world.faults.rules()]})

    async def ledger(self, request: Request) -> Response:
        """Every capture and refund, or those about `?about=` an order or a number."""
        entries = self._world.ledger.entries(request.query_params.get("about"))
        return JSONResponse({"entries": [entry.as_json() for entry in entries]})

    async def requests(self, request: Request) -> Response:
        """The latest requests, oldest first."""
        return JSONResponse({"requests": [line.as_json() for line in list(self._world.arrivals)[-MOST_SHOWN:]]})

    async def notifications(self, request: Request) -> Response:
        """GET lists what was sent; POST {"provider", "mode", "url"?} chooses how and where."""
        if request.method == "POST":
            self._world.notifications(**_named(await _json(request), {"provider": str, "mode": str, "url": str}, "url"))
        return JSONResponse({"sent": [line.as_json() for line in list(self._world.sent)]})

    async def clock(self, request: Request) -> Response:
        """GET tells the providers' time; POST {"advance": seconds} puts it forward."""
        if request.method == "POST":
            self._world.clock.advance(_named(await _json(request), {"advance": (int, float)})["advance"])
        return JSONResponse({"now": self._world.clock.now()})

    async def pay(self, request: Request) -> Response:
        """POST {"provider", "number"}: the shopper pays."""
        given = _named(await _json(request), {"provider": str, "number": str, "shopper": str}, "shopper")
        return _told(self._world.pay(**given))

    async def refuse(self, request: Request) -> Response:
        """POST {"provider", "number", "cause"}: the shopper does not, or may not."""
        return _told(self._world.refuse(**_named(await _json(request), {"provider": str, "number": str, "cause": str})))

    # ------------------------------------------------------------ for people

    async def index(self, request: Request) -> Response:
        """What each order was charged."""
        charged = orders(self._world.trades(), self._world.ledger.entries())
        return HTMLResponse(pages.books(charged, _language(request)))

    async def cashier(self, request: Request) -> Response:
        """The shopper's page. A number that two providers know needs `?provider=`."""
        lang, number = _language(request), request.path_params["number"]
        trade = self._world.find(number, request.query_params.get("provider"))
        if trade is None:
            return HTMLResponse(pages.no_such_trade(lang), 404)
        if request.method == "GET":
            # a shop adds redirect_url to WeChat Pay's h5_url; JD is told the shop's page with the order
            return HTMLResponse(pages.cashier(trade, lang, request.query_params.get("redirect_url") or trade.back_to))
        form = parse_qs((await read_body(request) or b"").decode("latin-1"))
        if form.get("do") == ["pay"]:
            self._world.pay(trade.provider, number)
        elif form.get("do") == ["refuse"]:
            self._world.refuse(trade.provider, number, form.get("cause", ["shopper_cancelled"])[0])
        return RedirectResponse(f"/pay/{number}?provider={trade.provider}&lang={lang}", 303)


_OPTIONAL = {"operation": str, "times": int, "for_seconds": (int, float), "after": int}
_FAULT: dict[str, Any] = {"provider": str, "fault": str, **_OPTIONAL}


async def _json(request: Request) -> dict[str, Any]:
    given = read_object(await read_body(request) or b"")
    if given is None:
        raise SandboxError("send a JSON object")
    return given


def _named(given: dict[str, Any], types: dict[str, Any], *optional: str) -> dict[str, Any]:
    """What was given, when it has the wanted names, each of its type. Raises `SandboxError`."""
    missing = types.keys() - given.keys() - set(optional)
    if missing or given.keys() - types.keys():
        raise SandboxError(f"send {', '.join(types)}; got {', '.join(given) or 'nothing'}")
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, types[name]):
            raise SandboxError(f"{name} has the wrong type")
    return given


def _told(trade: Trade) -> Response:
    return JSONResponse({"provider": trade.provider, "number": trade.number, "state": trade.state.value})


def _language(request: Request) -> str:
    return language(request.query_params.get("lang"), request.headers.get("accept-language", ""))


async def _refused(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 404 if isinstance(error, UnknownNumber) else 400)


async def _gone(request: Request, error: Exception) -> Response:
    """The client ended before its request did: nobody hears this, and nothing went wrong here."""
    return Response(status_code=400)
