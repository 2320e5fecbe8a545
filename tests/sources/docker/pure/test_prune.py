"""What pruning would remove, and what it never touches."""

from typing import Any

from custom_components.homelab.sources.docker.engine import parse_disk_usage
from custom_components.homelab.sources.docker.models import Container, DiskUsage, State
from custom_components.homelab.sources.docker.prune import (
    Item,
    What,
    Wishes,
    networks_of,
    plan,
    total,
)

ANONYMOUS = "0" * 64
USAGE: dict[str, Any] = {
    "LayersSize": 1000,
    "Containers": [{"Id": "old", "SizeRw": 7}, {"Id": "runs", "SizeRw": 9}],
    "Images": [
        {"Id": "sha256:1", "RepoTags": ["used:1"], "Containers": 1, "Size": 500},
        {"Id": "sha256:2", "RepoTags": ["idle:1"], "Containers": 0, "Size": 300},
        {
            "Id": "sha256:3456789012345",
            "RepoTags": ["<none>:<none>"],
            "Containers": 0,
            "Size": 200,
            "SharedSize": 150,
        },
    ],
    "Volumes": [
        {"Name": "used", "UsageData": {"RefCount": 1, "Size": 10}},
        {"Name": "loose", "UsageData": {"RefCount": 0, "Size": 20}},
        {"Name": ANONYMOUS, "UsageData": {"RefCount": 0, "Size": 30}},
        {"Name": "remote", "UsageData": None},
        {
            "Name": "shop_data",
            "Labels": {"com.docker.compose.project": "shop"},
            "UsageData": {"RefCount": 0, "Size": 40},
        },
    ],
    "BuildCache": [
        {"ID": "a", "InUse": False, "Size": 5, "Description": "a step"},
        {"ID": "b", "InUse": True, "Size": 6},
    ],
}
CONTAINERS = {
    id_: Container(id=id_, resource=f"name:{id_}", name=id_, title=id_, **traits)
    for id_, traits in dict[str, dict[str, Any]](
        {
            "runs": {"state": State.RUNNING},
            "paused": {"state": State.PAUSED},
            "old": {"state": State.EXITED},
            "made": {"state": State.CREATED},
            "marked": {"state": State.EXITED, "protected": True},
            "ours": {"state": State.EXITED, "ours": True},
            "unknown": {"state": None},
        }
    ).items()
}


def names(wishes: Wishes, **volumes_of: frozenset[str]) -> list[str]:
    networks = [{"Id": "n1", "Name": "net"}]
    return [
        item.name
        for item in plan(
            USAGE,
            networks,
            wishes,
            CONTAINERS,
            {k.replace("_", ":"): v for k, v in volumes_of.items()},
        )
    ]


def wishes(*what: What, **more: Any) -> Wishes:
    return Wishes(what=frozenset(what), **more)


def test_only_what_is_asked_for() -> None:
    assert names(wishes()) == []
    assert names(wishes(What.NETWORKS)) == ["net"]
    assert names(wishes(What.BUILD_CACHE)) == ["a step"]


def test_containers_that_do_not_run_and_are_not_kept() -> None:
    assert names(wishes(What.CONTAINERS)) == ["old", "made"]
    spared = frozenset({"name:old"})
    assert names(wishes(What.CONTAINERS, spared=spared)) == ["made"]


def test_images() -> None:
    assert names(wishes(What.IMAGES)) == ["345678901234"]
    assert names(wishes(What.IMAGES, all_images=True)) == ["idle:1", "345678901234"]


def test_volumes() -> None:
    assert names(wishes(What.VOLUMES)) == [ANONYMOUS]
    every = names(wishes(What.VOLUMES, named_volumes=True))
    assert every == ["loose", ANONYMOUS, "shop_data"]


def test_volumes_of_a_protected_project_stay_while_it_is_down() -> None:
    spared = frozenset({"shop/db/1"})
    found = names(wishes(What.VOLUMES, named_volumes=True, spared=spared))
    assert "shop_data" not in found


def test_volumes_of_a_container_that_is_gone_but_kept_stay() -> None:
    spared = frozenset({"name:gone"})
    found = names(
        wishes(What.VOLUMES, named_volumes=True, spared=spared),
        name_gone=frozenset({"loose", ANONYMOUS}),
    )
    assert found == ["shop_data"]


def test_what_nobody_has_counted_is_not_unused() -> None:
    """The engine says -1 where it has not counted, and older ones nothing at all."""
    every = wishes(What.IMAGES, What.VOLUMES, all_images=True, named_volumes=True)
    for unknown in (-1, None):
        usage = {
            "Images": [{"Id": "sha256:1", "Containers": unknown, "Size": 5}],
            "Volumes": [{"Name": "v", "UsageData": {"RefCount": unknown, "Size": 7}}],
        }
        assert plan(usage, [], every, {}, {}) == []
        found = parse_disk_usage(usage)
        assert (found.images, found.volumes, found.reclaimable) == (5, 7, None)
        empty = parse_disk_usage({**usage, "BuildCache": None})
        assert (empty.build_cache, empty.reclaimable) == (0, 0)


def test_networks_and_volumes_that_somebody_has() -> None:
    networks = [
        {"Id": f"id of {name}", "Name": name}
        for name in ("bridge", "host", "none", "by name", "by id", "left over")
    ]
    networks.append({"Name": "without an id"})
    rows = [
        {"HostConfig": {"NetworkMode": "by name"}, "NetworkSettings": None},
        {"NetworkSettings": {"Networks": {"old": {"NetworkID": "id of by id"}}}},
        {"HostConfig": {"NetworkMode": "container:0"}},
        "nonsense",
    ]
    held = wishes(
        What.NETWORKS,
        What.VOLUMES,
        named_volumes=True,
        networks=networks_of(rows),
        volumes=frozenset({"loose"}),
    )
    found = [item.name for item in plan(USAGE, networks, held, {}, {})]
    assert found == ["left over", ANONYMOUS, "shop_data"]


def test_networks_that_a_swarm_or_other_networks_need() -> None:
    """The engine calls them dangling, since no container of this machine is in them."""
    networks = [
        {"Id": "1", "Name": "ingress", "Ingress": True, "Scope": "swarm"},
        {"Id": "2", "Name": "docker_gwbridge", "Scope": "local"},
        {"Id": "3", "Name": "settings of others", "ConfigOnly": True},
        {"Id": "4", "Name": "overlay", "Scope": "swarm", "Ingress": False},
        {"Id": "5", "Name": "left over", "Scope": "local", "ConfigOnly": False},
    ]
    found = plan(USAGE, networks, wishes(What.NETWORKS), {}, {})
    assert [item.name for item in found] == ["left over"]


def test_what_is_freed() -> None:
    items = plan(USAGE, [], wishes(What.IMAGES, What.VOLUMES), CONTAINERS, {})
    # what an image shares with others does not go with it
    assert [item.size for item in items] == [50, 30]
    assert total(items) == 80
    assert total([Item(what=What.NETWORKS, id="n", name="n", size=None)]) == 0


def test_disk_usage() -> None:
    assert parse_disk_usage(USAGE) == DiskUsage(
        images=1000, volumes=100, build_cache=11, reclaimable=300 + 50 + 90 + 5
    )


def test_what_the_build_cache_shares_is_counted_where_it_is() -> None:
    cache = [
        {"ID": "a", "InUse": False, "Shared": True, "Size": 100},
        {"ID": "b", "InUse": False, "Shared": False, "Size": 5},
        {"ID": "c", "InUse": True, "Shared": True, "Size": 30},
    ]
    found = parse_disk_usage({"Images": [], "Volumes": [], "BuildCache": cache})
    assert (found.build_cache, found.reclaimable) == (5, 5)
    items = plan({"BuildCache": cache}, [], wishes(What.BUILD_CACHE), {}, {})
    assert [(item.name, item.size) for item in items] == [("a", 0), ("b", 5)]


def test_disk_usage_in_the_words_of_recent_engines() -> None:
    """Since API 1.52: sums instead of rows."""
    usage = {
        "ImageUsage": {"TotalCount": 2, "TotalSize": 500, "Reclaimable": 200},
        "VolumeUsage": {"TotalSize": 70, "Reclaimable": 7},
        "BuildCacheUsage": {"TotalSize": 0, "Reclaimable": 0},
    }
    assert parse_disk_usage(usage) == DiskUsage(
        images=500, volumes=70, build_cache=0, reclaimable=207
    )
    del usage["VolumeUsage"]
    found = parse_disk_usage(usage)
    assert (found.images, found.volumes, found.reclaimable) == (500, None, None)


def test_disk_usage_of_podman_and_of_nonsense() -> None:
    podman = {"LayersSize": 0, "Images": [{"Size": 5, "Containers": 1}]}
    assert parse_disk_usage(podman).images == 5
    nothing = DiskUsage(images=None, volumes=None, build_cache=None, reclaimable=None)
    for nonsense in (None, {}, {"Images": "x", "Volumes": 7, "ImageUsage": []}):
        assert parse_disk_usage(nonsense) == nothing
    assert plan(None, None, wishes(*What), {}, {}) == []
