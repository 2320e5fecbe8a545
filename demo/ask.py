"""WebSocket questions to Home Assistant, asked by the Python that has a client for it.

Reads `{"url", "token", "types"}` on standard input; writes the list of the results.
"""

import asyncio
import json
import sys
from typing import Any

from aiohttp import ClientSession, ClientTimeout


async def ask(url: str, token: str, types: list[str]) -> list[Any]:
    """Ask one question after the other, and return what was answered."""
    timeout = ClientTimeout(total=60)
    async with (
        ClientSession(timeout=timeout) as session,
        session.ws_connect(f"{url}/api/websocket", max_msg_size=0) as socket,
    ):
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": token})
        await socket.receive_json()
        results = []
        for number, kind in enumerate(types, 1):
            await socket.send_json({"id": number, "type": kind})
            answer = await socket.receive_json()
            if not answer["success"]:
                sys.exit(f"{kind}: {answer['error']['message']}")
            results.append(answer["result"])
        return results


if __name__ == "__main__":
    json.dump(asyncio.run(ask(**json.load(sys.stdin))), sys.stdout)
