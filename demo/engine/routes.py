"""The paths of the engine's interface, with and without a version before them."""

from aiohttp import web

from demo.engine import (
    container_routes as containers,
    system_routes as system,
    thing_routes as things,
)
from demo.engine.exchange import VERSION

ROUTES = (
    ("GET", "/_ping", system.ping),
    ("GET", "/version", system.version),
    ("GET", "/info", system.info),
    ("GET", "/events", system.events),
    ("GET", "/system/df", system.used_space),
    ("POST", "/build/prune", system.prune_cache),
    ("GET", "/containers/json", containers.listing),
    ("POST", "/containers/prune", things.prune_containers),
    ("GET", "/containers/{id}/json", containers.inspect),
    ("GET", "/libpod/containers/{id}/json", containers.inspect_as_podman),
    ("GET", "/containers/{id}/stats", containers.stats),
    ("GET", "/containers/{id}/logs", containers.logs),
    ("POST", "/containers/{id}/start", containers.start),
    ("POST", "/containers/{id}/stop", containers.stop),
    ("POST", "/containers/{id}/restart", containers.restart),
    ("POST", "/containers/{id}/kill", containers.kill),
    ("POST", "/containers/{id}/pause", containers.pause),
    ("POST", "/containers/{id}/unpause", containers.unpause),
    ("POST", "/containers/{id}/rename", containers.rename),
    ("DELETE", "/containers/{id}", containers.remove),
    ("GET", "/images/json", things.images),
    ("POST", "/images/prune", things.prune_images),
    ("GET", "/images/{id:.+}/json", things.image),
    ("DELETE", "/images/{id:.+}", things.remove_image),
    ("GET", "/volumes", things.volumes),
    ("POST", "/volumes/prune", things.prune_volumes),
    ("DELETE", "/volumes/{id}", things.remove_volume),
    ("GET", "/networks", things.networks),
    ("GET", "/networks/{id}", things.network),
    ("POST", "/networks/prune", things.prune_networks),
    ("DELETE", "/networks/{id}", things.remove_network),
)


def add_routes(app: web.Application) -> None:
    """Let all of them be asked."""
    for method, path, handler in ROUTES:
        for prefix in ("", VERSION):
            if method == "GET":
                app.router.add_get(prefix + path, handler)
            else:
                app.router.add_route(method, prefix + path, handler)
