"""Images, volumes, networks and build cache: listed, removed, pruned, measured."""

from typing import Any

from aiohttp import ClientSession
import pytest

from demo.engine import Machine, SimulatedEngine


async def ask(client: ClientSession, method: str, path: str) -> tuple[int, Any]:
    """Return status and answer."""
    async with client.request(method, path) as answer:
        return answer.status, await answer.json() if answer.status != 204 else None


def furnish(engine: SimulatedEngine) -> None:
    """Have something of everything, used and unused."""
    engine.add_image("nginx:1", size=100, shared=10)
    engine.add_image("nginx:0", size=90, shared=10)
    engine.add_image(size=70)
    engine.add_volume("data", size=5)
    engine.add_volume("old", size=6)
    engine.add_volume(size=7)
    engine.add_network("shop_default")
    engine.add_network("old_default", labels={"keep": "yes"})
    engine.add_cache(11)
    engine.add_cache(13, in_use=True)
    engine.run("web", image="nginx:1", volumes=("data",), network_mode="shop_default")
    engine.add("new", image="nginx:1")
    engine.chronicle.kept.clear()


async def test_lists(client: ClientSession, engine: SimulatedEngine) -> None:
    furnish(engine)
    images = (await ask(client, "GET", "/images/json"))[1]
    assert [each["RepoTags"] for each in images] == [["nginx:1"], ["nginx:0"], []]
    assert "VirtualSize" not in images[0]
    older = (await ask(client, "GET", "/v1.41/images/json"))[1]
    assert older[0]["VirtualSize"] == 100
    image = (await ask(client, "GET", "/images/nginx:1/json"))[1]
    assert image["Id"] == images[0]["Id"]
    volumes = (await ask(client, "GET", "/volumes"))[1]["Volumes"]
    assert [each["Name"] for each in volumes][:2] == ["data", "old"]
    networks = (await ask(client, "GET", "/networks"))[1]
    assert [(each["Name"], each["Driver"]) for each in networks] == [
        ("bridge", "bridge"),
        ("host", "host"),
        ("none", "null"),
        ("shop_default", "bridge"),
        ("old_default", "bridge"),
    ]


async def test_containers_are_pruned(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    furnish(engine)
    new = engine.find("new").id
    assert await ask(client, "POST", "/containers/prune") == (
        200,
        {"ContainersDeleted": [new], "SpaceReclaimed": 0},
    )
    _, said = await ask(client, "POST", "/containers/prune")
    assert said["ContainersDeleted"] is None
    actions = [each.action for each in engine.chronicle.kept]
    assert actions == ["destroy", "prune", "prune"]


@pytest.mark.parametrize(
    ("path", "key", "count", "space"),
    [
        ("/images/prune", "ImagesDeleted", 1, 70),
        ('/images/prune?filters={"dangling":["false"]}', "ImagesDeleted", 3, 150),
        ("/volumes/prune", "VolumesDeleted", 1, 7),
        ('/volumes/prune?filters={"all":["true"]}', "VolumesDeleted", 2, 13),
        ("/v1.41/volumes/prune", "VolumesDeleted", 2, 13),
        ("/networks/prune", "NetworksDeleted", 1, None),
        ("/build/prune", "CachesDeleted", 1, 11),
        ('/networks/prune?filters={"label":["keep"]}', "NetworksDeleted", 1, None),
        ('/networks/prune?filters={"label!":["keep"]}', "NetworksDeleted", 0, None),
        ('/images/prune?filters={"until":["1h"]}', "ImagesDeleted", 0, 0),
        ('/images/prune?filters={"until":["0s"]}', "ImagesDeleted", 1, 70),
    ],
)
async def test_pruning(
    client: ClientSession,
    engine: SimulatedEngine,
    path: str,
    key: str,
    count: int,
    space: int | None,
) -> None:
    furnish(engine)
    status, said = await ask(client, "POST", path)
    assert status == 200
    assert len(said[key] or ()) == count
    assert said.get("SpaceReclaimed") == space
    assert engine.chronicle.kept[-1].action == "prune"
    assert "data" in engine.volumes and "shop_default" in engine.networks


async def test_images_are_removed(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    furnish(engine)
    assert (await ask(client, "DELETE", "/images/nginx:1"))[0] == 409
    engine.add_image("one", "two:latest")
    status, said = await ask(client, "DELETE", "/images/one")
    assert (status, said) == (200, [{"Untagged": "one"}])
    _, said = await ask(client, "DELETE", "/images/two")
    assert [*said[0]] == ["Untagged"] and [*said[1]] == ["Deleted"]
    image = engine.clearing.image("nginx:1")
    status, _ = await ask(client, "DELETE", f"/images/{image.id}?force=1")
    assert status == 200 and image.id not in engine.images
    dangling = next(each for each in engine.images.values() if not each.tags)
    _, said = await ask(client, "DELETE", f"/images/{dangling.id[7:20]}")
    assert said == [{"Deleted": dangling.id}]
    assert (await ask(client, "DELETE", "/images/nobody"))[0] == 404


async def test_volumes_are_removed(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    furnish(engine)
    for name, expected in (("old", 204), ("old", 404), ("data", 409)):
        status, _ = await ask(client, "DELETE", f"/volumes/{name}")
        assert status == expected


async def test_networks_are_removed(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    furnish(engine)
    for name, expected in (
        ("old_default", 204),
        ("old_default", 404),
        ("shop_default", 403),
        ("bridge", 403),
    ):
        status, _ = await ask(client, "DELETE", f"/networks/{name}")
        assert status == expected


async def test_used_space(client: ClientSession, engine: SimulatedEngine) -> None:
    furnish(engine)
    _, said = await ask(client, "GET", "/system/df")
    assert {*said} == {"LayersSize", "Images", "Containers", "Volumes", "BuildCache"}
    assert said["Images"][0]["Containers"] == 2
    assert said["Volumes"][0]["UsageData"] == {"Size": 5, "RefCount": 1}
    _, said = await ask(client, "GET", "/system/df?type=volume")
    assert {*said} == {"Volumes"}
    _, said = await ask(client, "GET", "/v1.41/system/df?type=volume")
    assert len(said) == 5
    engine.machine = Machine(api="1.52")
    _, said = await ask(client, "GET", "/system/df")
    assert said["ImageUsage"] == {
        "ActiveCount": 1,
        "TotalCount": 3,
        "TotalSize": 240,
        "Reclaimable": 150,
    }
    assert said["VolumeUsage"]["Reclaimable"] == 13
    assert said["BuildCacheUsage"]["Reclaimable"] == 11
    assert said["ContainerUsage"]["ActiveCount"] == 1
