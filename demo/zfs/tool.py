"""One command of the simulated host as a process, in the place of the real tool."""

import json
from pathlib import Path
import sys
import time

from demo.zfs.machine import SimulatedZfs


def main() -> int:
    """Answer once, or, for the stream, for ever; a file says what there is."""
    state, name, *words = sys.argv[1:]
    said = json.loads(Path(state).read_text())
    machine = SimulatedZfs(**said["machine"])
    machine.show(*said["cases"])
    if [name, *words[:1]] == ["zpool", "iostat"]:
        while True:
            machine.clock = int(time.time())
            sys.stdout.write(machine.sample())
            sys.stdout.flush()
            time.sleep(int(words[-1]))
    answer = machine.run([name, *words])
    sys.stdout.write(answer.out)
    sys.stderr.write(answer.err)
    return answer.code


if __name__ == "__main__":
    sys.exit(main())
