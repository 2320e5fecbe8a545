"""The way into a Home Assistant: its onboarding, and logging in."""

from dataclasses import replace

from demo.rest import Refused, Rest

USER = "demo"
PASSWORD = "demo"  # noqa: S105


def onboard(rest: Rest) -> Rest:
    """Do what is left of the onboarding, and return the access of a logged-in user."""
    client = {"client_id": f"{rest.url}/"}
    left = _steps_left(rest)
    if "user" in left:
        account = {"name": "Demo", "username": USER, "password": PASSWORD}
        rest.post("/api/onboarding/users", {**account, **client, "language": "en"})
    logged_in = log_in(rest)
    for name in left:
        if name != "user":
            body = {**client, "redirect_uri": f"{rest.url}/"}
            logged_in.post(f"/api/onboarding/{name}", body)
    return logged_in


def log_in(rest: Rest) -> Rest:
    """Log in as the front end does."""
    client = {"client_id": f"{rest.url}/"}
    handler = {"handler": ["homeassistant", None], "redirect_uri": f"{rest.url}/"}
    flow = rest.post("/auth/login_flow", {**client, **handler})
    account = {"username": USER, "password": PASSWORD}
    path = f"/auth/login_flow/{flow['flow_id']}"
    result = rest.post(path, {**client, **account})
    if result["type"] != "create_entry":
        raise Refused(f"user {USER} with password {PASSWORD} cannot log in")
    grant = {"grant_type": "authorization_code", "code": result["result"]}
    tokens = rest.post_form("/auth/token", {**client, **grant})
    return replace(rest, token=tokens["access_token"])


def _steps_left(rest: Rest) -> list[str]:
    try:
        steps = rest.get("/api/onboarding")
    except Refused as error:
        if error.status != 404:
            raise
        return []
    return [each["step"] for each in steps if not each["done"]]
