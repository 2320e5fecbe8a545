"""The lab: the machines that the demo is connected to."""

from demo.docker_host import DockerHost
from demo.far_end import FarEnd
from demo.zfs_host import ZfsHost

# Each source adds its own.
FAR_ENDS: tuple[FarEnd, ...] = (DockerHost(), ZfsHost())
