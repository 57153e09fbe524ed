"""The doors of a sandbox: each provider on a port of its own, and the control server."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from payfallback.testing.sandbox.control import Control
from payfallback.testing.sandbox.errors import SandboxError
from payfallback.testing.sandbox.exchange import Endpoint, Exchange, Provider
from payfallback.testing.sandbox.listening import Listener
from payfallback.testing.sandbox.world import World


def open_ports(world: World, host: str, ports: Mapping[str, int]) -> list[Listener]:
    """Take the ports; nothing listens on them yet. Raises `SandboxError`, and then has taken none."""
    apps = {provider.name: _app(world, provider) for provider in world.providers}
    apps["control"] = Control(world).app()
    try:
        for name, app in apps.items():
            world.listeners[name] = Listener(app, host, ports.get(name, 0))
    except SandboxError:
        for listener in world.listeners.values():
            listener.close()
        raise
    return list(world.listeners.values())


def _app(world: World, provider: Provider) -> Starlette:
    def cut(scope: Scope) -> None:
        world.listeners[provider.name].cut(scope)

    exchange = Exchange(provider, world.faults, world.clock, world.arrivals, cut)
    doors: dict[tuple[str, str], list[Endpoint]] = {}
    for endpoint in provider.endpoints:
        doors.setdefault((endpoint.path, endpoint.method), []).append(endpoint)
    return Starlette(routes=[_route(exchange, path, method, doors[path, method]) for path, method in doors])


def _route(exchange: Exchange, path: str, method: str, endpoints: list[Endpoint]) -> Route:
    async def answer(request: Request) -> Response:
        return await exchange.serve(endpoints, request)

    return Route(path, answer, methods=[method])
