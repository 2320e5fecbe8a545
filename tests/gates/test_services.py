"""services.yaml as Home Assistant reads it: one mistake stops its whole front end."""

from pathlib import Path

from homeassistant.helpers import service
from homeassistant.util.yaml import load_yaml_dict

HOMELAB = Path(__file__).parents[2] / "custom_components" / "homelab"


def test_home_assistant_accepts_the_descriptions() -> None:
    services = load_yaml_dict(str(HOMELAB / "services.yaml"))
    assert service._SERVICES_SCHEMA(services)
