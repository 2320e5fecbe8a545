"""What the engine keeps and nobody uses: found, removed and pruned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.engine.container import Refusal
from demo.engine.events import has_label
from demo.engine.moment import moment
from demo.engine.population import Population
from demo.engine.things import ANONYMOUS, PREDEFINED, Image, Network

Filters = Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Clearing:
    """The part of the engine that takes things away."""

    engine: Population

    def image(self, reference: str) -> Image:
        """Return the image with that id, beginning of an id, or name."""
        for image in self.engine.images.values():
            names = (*image.tags, *image.digests)
            if reference in names or f"{reference}:latest" in names:
                return image
            digest = image.id.removeprefix("sha256:")
            if digest.startswith(reference.removeprefix("sha256:")):
                return image
        tagged = reference if ":" in reference else f"{reference}:latest"
        raise Refusal(404, f"No such image: {tagged}")

    def remove_image(self, reference: str, *, force: bool) -> list[dict[str, str]]:
        """Take a name off an image, and the image away with its last one."""
        image = self.image(reference)
        users = [
            each
            for each in self.engine.containers.values()
            if each.image_id == image.id
        ]
        names = [
            each for each in image.tags if each in (reference, f"{reference}:latest")
        ]
        if users and not force and len(image.tags) <= 1:
            raise Refusal(
                409,
                "conflict: unable to remove repository reference "
                f'"{reference}" (must force) - container {users[0].id[:12]} is using '
                f"its referenced image {image.id[7:19]}",
            )
        untagged = names or [*image.tags]
        for name in untagged:
            image.tags.remove(name)
            self.engine.tell("image", "untag", image.id, name=image.id)
        told = [{"Untagged": name} for name in untagged]
        if not image.tags:
            told.append({"Deleted": image.id})
            self._forget_image(image)
        return told

    def remove_volume(self, name: str) -> None:
        """Take a volume away."""
        if name not in self.engine.volumes:
            raise Refusal(404, f"get {name}: no such volume")
        users = [
            each.id for each in self.engine.containers.values() if name in each.volumes
        ]
        if users:
            raise Refusal(409, f"remove {name}: volume is in use - {users}")
        self._forget_volume(name)

    def network(self, name: str) -> Network:
        """Return the network with that name or id."""
        for each in self.engine.networks.values():
            if name in (each.name, each.id):
                return each
        raise Refusal(404, f"network {name} not found")

    def remove_network(self, name: str) -> None:
        """Take a network away."""
        network = self.network(name)
        if network.name in PREDEFINED:
            text = f"{network.name} is a pre-defined network and cannot be removed"
            raise Refusal(403, text)
        if self._is_used(network.name):
            text = f"network {network.name} id {network.id} has active endpoints"
            raise Refusal(403, f"error while removing network: {text}")
        self._forget_network(network.name)

    def prune_containers(self, filters: Filters) -> dict[str, Any]:
        """Remove every container that has ended or never began."""
        gone = [
            each
            for each in self.engine.containers.values()
            if not each.counts_as_running
            and self._chosen(each.labels, each.created, filters)
        ]
        for container in gone:
            del self.engine.containers[container.id]
            self.engine.tell_of(container, "destroy")
        self._tell_pruned("container", 0)
        return {"ContainersDeleted": [c.id for c in gone] or None, "SpaceReclaimed": 0}

    def prune_images(self, filters: Filters) -> dict[str, Any]:
        """Remove every dangling image, or every one that no container uses."""
        dangling = filters.get("dangling", ["true"])[0] in {"true", "1"}
        used = {each.image_id for each in self.engine.containers.values()}
        gone = [
            image
            for image in self.engine.images.values()
            if image.id not in used
            and not (dangling and image.tags)
            and self._chosen(image.labels, image.created, filters)
        ]
        told = []
        for image in gone:
            told += [{"Untagged": tag} for tag in image.tags]
            told.append({"Deleted": image.id})
            self._forget_image(image)
        space = sum(image.size - image.shared for image in gone)
        self._tell_pruned("image", space)
        return {"ImagesDeleted": told or None, "SpaceReclaimed": space}

    def prune_volumes(self, filters: Filters, *, named: bool) -> dict[str, Any]:
        """Remove every volume that no container uses, also those with names if wished."""
        used = {name for c in self.engine.containers.values() for name in c.volumes}
        gone = [
            volume
            for volume in self.engine.volumes.values()
            if volume.name not in used
            and (named or ANONYMOUS.fullmatch(volume.name))
            and self._chosen(volume.labels, volume.created, filters)
        ]
        for volume in gone:
            self._forget_volume(volume.name)
        space = sum(volume.size for volume in gone)
        self._tell_pruned("volume", space)
        names = [volume.name for volume in gone]
        return {"VolumesDeleted": names, "SpaceReclaimed": space}

    def prune_networks(self, filters: Filters) -> dict[str, Any]:
        """Remove every network that no container is in."""
        gone = [
            network.name
            for network in self.engine.networks.values()
            if network.name not in PREDEFINED
            and not self._is_used(network.name)
            and self._chosen(network.labels, network.created, filters)
        ]
        for name in gone:
            self._forget_network(name)
        self._tell_pruned("network", 0)
        return {"NetworksDeleted": gone or None}

    def prune_cache(self) -> dict[str, Any]:
        """Remove what no build uses."""
        gone = [record for record in self.engine.cache.values() if not record.in_use]
        for record in gone:
            del self.engine.cache[record.id]
        space = sum(record.size for record in gone)
        self._tell_pruned("builder", space)
        return {
            "CachesDeleted": [record.id for record in gone] or None,
            "SpaceReclaimed": space,
        }

    def _chosen(self, labels: Mapping[str, str], made: int, filters: Filters) -> bool:
        """Whether labels and age are as wished."""
        until = filters.get("until", [""])[0]
        before = moment(until, self.engine.now())
        return (
            all(has_label(labels, each) for each in filters.get("label", ()))
            and not any(has_label(labels, each) for each in filters.get("label!", ()))
            and (before is None or made < before)
        )

    def _is_used(self, network: str) -> bool:
        return any(
            each.is_up and each.network == network
            for each in self.engine.containers.values()
        )

    def _forget_image(self, image: Image) -> None:
        del self.engine.images[image.id]
        self.engine.tell("image", "delete", image.id, name=image.id)

    def _forget_volume(self, name: str) -> None:
        del self.engine.volumes[name]
        self.engine.tell("volume", "destroy", name, driver="local")

    def _forget_network(self, name: str) -> None:
        network = self.engine.networks.pop(name)
        attributes = {"name": name, "type": network.driver}
        self.engine.tell("network", "destroy", network.id, **attributes)

    def _tell_pruned(self, kind: str, space: int) -> None:
        self.engine.tell(kind, "prune", "", reclaimed=str(space))
