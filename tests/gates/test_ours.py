"""What is ours is never stopped: how it is told from everything else."""

import pytest

from custom_components.homelab.ours import Surroundings, carries_connection

ID = "4f1c0a" + "b" * 58
OTHER = "9" * 64


@pytest.mark.parametrize(
    ("cgroup", "mountinfo", "host_name"),
    [
        # cgroup v1
        (f"12:pids:/docker/{ID}\n11:cpu:/docker/{ID}", "", "homeassistant"),
        # cgroup v2 with systemd; Podman
        (f"0::/system.slice/docker-{ID}.scope", "", "homeassistant"),
        (f"0::/machine.slice/libpod-{ID}.scope/container", "", "x"),
        # cgroup v2 with a private namespace tells nothing, but the mounts do
        (
            "0::/",
            f"1 2 8:1 /var/lib/docker/containers/{ID}/hostname /etc/hostname rw - ext4",
            "homeassistant",
        ),
        # nothing but the default host name
        ("0::/", "", ID[:12]),
    ],
)
def test_the_container_we_run_in(cgroup: str, mountinfo: str, host_name: str) -> None:
    ours = Surroundings.read(cgroup=cgroup, mountinfo=mountinfo, host_name=host_name)
    assert ours.hold(ID)
    assert not ours.hold(OTHER)


@pytest.mark.parametrize(
    "host_name", ["homeassistant", "", "4f", "4f1c0a", "deadbeefcafe"]
)
def test_outside_of_a_container_nothing_is_ours(host_name: str) -> None:
    ours = Surroundings.read(
        cgroup="0::/init.scope", mountinfo="1 2 8:1 / / rw - ext4", host_name=host_name
    )
    assert not ours.hold(ID)
    assert not ours.hold("")


def test_on_the_engines_own_host_other_containers_mounts_are_not_ours() -> None:
    mountinfo = (
        f"1 2 0:50 / /var/lib/docker/containers/{ID}/mounts/shm rw - tmpfs shm rw\n"
        f"1 2 0:51 / /var/lib/docker/overlay2/{OTHER}/merged rw - overlay overlay rw"
    )
    ours = Surroundings.read(cgroup="0::/", mountinfo=mountinfo, host_name="nas")
    assert not ours.hold(ID)
    assert not ours.hold(OTHER)


@pytest.mark.parametrize(
    ("port", "addresses", "published", "own", "carries"),
    [
        (2375, {"127.0.0.1"}, {2375}, set(), True),
        (2375, {"127.0.0.1"}, {8080}, {"172.17.0.2"}, False),
        (2375, {"172.17.0.2"}, set(), {"172.17.0.2", "proxy"}, True),
        (2375, {"proxy"}, set(), {"172.17.0.2", "proxy"}, True),
        (None, set(), {2375}, {"172.17.0.2"}, False),
    ],
)
def test_the_container_our_connection_goes_through(
    port: int | None,
    addresses: set[str],
    published: set[int],
    own: set[str],
    carries: bool,
) -> None:
    found = carries_connection(
        port=port, addresses=addresses, published_ports=published, own_addresses=own
    )
    assert found is carries
