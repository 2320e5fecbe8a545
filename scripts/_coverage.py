"""How much of each module the tests must reach."""

import json
from pathlib import Path
from typing import Any

ENOUGH = 95
FLOWS = ("config_flow.py", "options_flow.py", "repairs.py", "form.py")


def shortcomings(report: Path) -> list[str]:
    """Return a sentence for each module that the tests reach too little of."""
    files = json.loads(report.read_text())["files"]
    return [
        f"{name}: the tests reach {reached:.1f} % of lines and branches, not {wanted} %; "
        f"lines {missing_lines(entry)} are missing."
        for name, entry in sorted(files.items())
        if (reached := entry["summary"]["percent_covered"])
        < (wanted := 100 if name.endswith(FLOWS) else ENOUGH)
    ]


def missing_lines(entry: dict[str, Any]) -> str:
    """Name the lines, and those from which a branch was never taken."""
    branches = {line for line, _ in entry.get("missing_branches", [])}
    return ", ".join(map(str, sorted({*entry["missing_lines"], *branches})))
