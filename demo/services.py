"""What runs on the demo's Docker host, whether its engine is real or simulated."""

from dataclasses import dataclass

COMPOSE = "com.docker.compose"
# ends at once when it is told to, and costs next to nothing in between
LOOP = "trap 'exit 0' TERM; while :; do {work}; sleep {pause} & wait $!; done"


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One container: what it does for real, and what it is said to use."""

    name: str
    work: str
    project: str = ""
    pause: int = 10
    depends_on: tuple[str, ...] = ()
    check: str = ""
    restart: str = "unless-stopped"
    volume: str = ""
    network: str = ""
    tty: bool = False
    # for the simulated engine: cores, bytes, and bytes a second
    cores: float = 0.02
    memory: int = 40_000_000
    traffic: int = 2_000
    lines: tuple[str, ...] = ()

    @property
    def container(self) -> str:
        """Return the name of its container."""
        return f"{self.project}-{self.name}-1" if self.project else self.name

    @property
    def script(self) -> str:
        """Return what a shell is to run."""
        if self.restart == "no":
            return self.work
        return LOOP.format(work=self.work, pause=self.pause)

    @property
    def network_mode(self) -> str:
        """Return the network that it is in: its project's, unless it names one."""
        return self.network or (f"{self.project}_default" if self.project else "bridge")

    @property
    def labels(self) -> dict[str, str]:
        """Return the labels that compose gives it."""
        if not self.project:
            return {}
        wanted = ",".join(f"{each}:service_started:false" for each in self.depends_on)
        return {
            f"{COMPOSE}.project": self.project,
            f"{COMPOSE}.service": self.name,
            f"{COMPOSE}.container-number": "1",
            f"{COMPOSE}.oneoff": "False",
            f"{COMPOSE}.depends_on": wanted,
            f"{COMPOSE}.project.working_dir": f"/srv/{self.project}",
            f"{COMPOSE}.version": "2.40.3",
        }


# of every eight minutes the last two
UNWELL = "test $(( $(date +%s) / 120 % 4 )) -ne 3"

SERVICES = (
    Service(
        project="media",
        name="library",
        work="head -c 300000 /dev/urandom > /data/index; echo 'index written'",
        volume="media_library",
        memory=310_000_000,
        lines=("index written", "12 new files"),
    ),
    Service(
        project="media",
        name="player",
        work="netstat -ltn | grep -q :80 || httpd -h / -p 80; echo 'nobody listens'",
        depends_on=("library",),
        check="wget -q -O /dev/null http://127.0.0.1/etc/motd",
        cores=0.15,
        memory=480_000_000,
        traffic=900_000,
        lines=("nobody listens", "GET /stream 206"),
    ),
    Service(
        project="media",
        name="indexer",
        work="head -c 9000000 /dev/urandom | md5sum; wget -q -O /dev/null http://player/bin/busybox",
        depends_on=("library", "player"),
        cores=0.6,
        memory=150_000_000,
        traffic=40_000,
        lines=("9000000 bytes looked at",),
    ),
    Service(
        project="monitoring",
        name="collector",
        work="netstat -ltn | grep -q :80 || httpd -h / -p 80; cat /proc/loadavg",
        cores=0.05,
        memory=90_000_000,
        lines=("0.31 0.28 0.22 1/312 4711",),
    ),
    Service(
        project="monitoring",
        name="dashboard",
        work="wget -q -O /dev/null http://collector/etc/motd; echo 'drawn'",
        depends_on=("collector",),
        check=UNWELL,
        memory=220_000_000,
        lines=("drawn", "slow query: 2.1 s"),
    ),
    Service(
        project="monitoring",
        name="alerts",
        work="echo 'all quiet'; sleep 150 & wait $!; echo 'lost my connection' >&2; exit 1",
        depends_on=("collector",),
        restart="on-failure",
        lines=("all quiet",),
    ),
    Service(
        project="smarthome",
        name="broker",
        work="echo '3 clients'",
        memory=15_000_000,
        traffic=6_000,
        lines=("3 clients", "keepalive exceeded"),
    ),
    Service(
        project="smarthome",
        name="bridge",
        work="ping -c 1 broker > /dev/null && echo 'broker is there'",
        depends_on=("broker",),
        pause=5,
        memory=70_000_000,
        lines=("broker is there",),
    ),
    Service(
        project="smarthome",
        name="automations",
        work="echo 'nothing to do' >&2",
        depends_on=("broker", "bridge"),
        pause=30,
        memory=130_000_000,
        lines=("nothing to do",),
    ),
    Service(name="tunnel", work="echo 'up'", pause=60, network="host", lines=("up",)),
    Service(name="console", work="date", pause=15, tty=True, lines=("login:",)),
    Service(name="backup", work="echo '4 snapshots kept'; exit 0", restart="no"),
)
