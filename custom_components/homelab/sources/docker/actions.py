"""What can be done to containers, projects and hosts, and how much harm it can do."""

from ...action import Action, Risk
from .client import DockerClient
from .models import Container, DockerHost, Project, State

RESERVE = 30

START = Action[Container](
    key="start",
    risk=Risk.ROUTINE,
    perform=DockerClient.start,
    deadline=lambda container: container.grace + RESERVE,
    wished=lambda container: container.state is State.RUNNING,
)
STOP = Action[Container](
    key="stop",
    risk=Risk.DISRUPTIVE,
    perform=DockerClient.stop,
    deadline=lambda container: container.grace + RESERVE,
    threatens=True,
    wished=lambda container: container.has_ended,
)
RESTART = Action[Container](
    key="restart",
    risk=Risk.ROUTINE,
    perform=DockerClient.restart,
    deadline=lambda container: container.grace + RESERVE,
    threatens=True,
)
PAUSE = Action[Container](
    key="pause",
    risk=Risk.DISRUPTIVE,
    perform=DockerClient.pause,
    deadline=lambda container: container.grace + RESERVE,
    threatens=True,
    wished=lambda container: container.state is State.PAUSED,
)
UNPAUSE = Action[Container](
    key="unpause",
    risk=Risk.ROUTINE,
    perform=DockerClient.unpause,
    deadline=lambda container: container.grace + RESERVE,
    wished=lambda container: container.state is State.RUNNING,
)
KILL = Action[Container](
    key="kill",
    risk=Risk.DESTRUCTIVE,
    perform=DockerClient.kill,
    deadline=30,
    threatens=True,
    wished=lambda container: container.has_ended,
)
PROJECT_START = Action[Project](
    key="start",
    risk=Risk.ROUTINE,
    perform=DockerClient.start_project,
    deadline=lambda project: project.grace + RESERVE * len(project.containers),
    wished=lambda project: project.running == len(project.containers),
)
PROJECT_STOP = Action[Project](
    key="stop",
    risk=Risk.DISRUPTIVE,
    perform=DockerClient.stop_project,
    deadline=lambda project: project.grace + RESERVE * len(project.containers),
    threatens=True,
    wished=lambda project: all(each.has_ended for each in project.containers),
)
PROJECT_RESTART = Action[Project](
    key="restart",
    risk=Risk.DISRUPTIVE,
    perform=DockerClient.restart_project,
    deadline=lambda project: 2 * (project.grace + RESERVE * len(project.containers)),
    threatens=True,
)
PRUNE = Action[DockerHost](
    key="prune",
    risk=Risk.DESTRUCTIVE,
    perform=DockerClient.prune,
    preview=DockerClient.preview_prune,
    followed=True,
    spares=True,
)
