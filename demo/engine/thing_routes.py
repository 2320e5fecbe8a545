"""What can be asked and done about images, volumes and networks, and all pruning."""

from aiohttp import web

from demo.engine.exchange import api_of, engine_of, filters_of, flag, reply
from demo.engine.machine import number


async def images(request: web.Request) -> web.StreamResponse:
    """List images."""
    found = engine_of(request).images.values()
    api = api_of(request)
    return await reply(request, [image.summary(api) for image in found])


async def image(request: web.Request) -> web.StreamResponse:
    """Describe an image."""
    found = engine_of(request).clearing.image(request.match_info["id"])
    return await reply(request, found.detail())


async def remove_image(request: web.Request) -> web.StreamResponse:
    """Remove an image."""
    clearing = engine_of(request).clearing
    told = clearing.remove_image(request.match_info["id"], force=flag(request, "force"))
    return await reply(request, told)


async def volumes(request: web.Request) -> web.StreamResponse:
    """List volumes."""
    found = [volume.summary() for volume in engine_of(request).volumes.values()]
    return await reply(request, {"Volumes": found, "Warnings": None})


async def remove_volume(request: web.Request) -> web.StreamResponse:
    """Remove a volume."""
    engine_of(request).clearing.remove_volume(request.match_info["id"])
    return web.Response(status=204)


async def networks(request: web.Request) -> web.StreamResponse:
    """List networks."""
    found = engine_of(request).networks.values()
    return await reply(request, [network.summary() for network in found])


async def network(request: web.Request) -> web.StreamResponse:
    """Describe a network."""
    found = engine_of(request).clearing.network(request.match_info["id"])
    return await reply(request, found.summary())


async def remove_network(request: web.Request) -> web.StreamResponse:
    """Remove a network."""
    engine_of(request).clearing.remove_network(request.match_info["id"])
    return web.Response(status=204)


async def prune_containers(request: web.Request) -> web.StreamResponse:
    """Remove the containers that do not run."""
    clearing = engine_of(request).clearing
    return await reply(request, clearing.prune_containers(filters_of(request)))


async def prune_images(request: web.Request) -> web.StreamResponse:
    """Remove the images that nobody uses."""
    clearing = engine_of(request).clearing
    return await reply(request, clearing.prune_images(filters_of(request)))


async def prune_volumes(request: web.Request) -> web.StreamResponse:
    """Remove the volumes that nobody uses; before 1.42 also those with names."""
    filters = filters_of(request)
    wished = filters.get("all", ["false"])[0] in {"true", "1"}
    named = wished or number(api_of(request)) < (1, 42)
    clearing = engine_of(request).clearing
    return await reply(request, clearing.prune_volumes(filters, named=named))


async def prune_networks(request: web.Request) -> web.StreamResponse:
    """Remove the networks that nobody uses."""
    clearing = engine_of(request).clearing
    return await reply(request, clearing.prune_networks(filters_of(request)))
