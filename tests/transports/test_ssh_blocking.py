"""Nothing about SSH blocks the event loop, as Home Assistant sees it."""

import asyncio
from collections.abc import Generator
from pathlib import Path
import time
from unittest.mock import patch

import aiohttp
import pytest

from homeassistant import block_async_io

from .test_ssh_connector import URL, engine_at
from .test_ssh_run import hello
from custom_components.homelab.source import BadAnswer
from custom_components.homelab.transports.ssh_connector import SshConnector
from custom_components.homelab.transports.ssh_keys import (
    check_private_key,
    fetch_host_key,
)
from tests.fakes.ssh_server import SshServer, connected, new_key


@pytest.fixture(autouse=True)
def _watched(disable_block_async_io: None) -> Generator[None]:
    """Have Home Assistant look for calls that block."""
    with patch.object(block_async_io, "_IN_TESTS", False):
        block_async_io.enable()
        yield


def _complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    texts = [record.getMessage() for record in caplog.records]
    return [text for text in texts if "Detected blocking call" in text]


async def test_it_would_be_seen(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "key").open("w").close()
    assert len(_complaints(caplog)) == 1


async def test_nothing_blocks(
    server: SshServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.scripts["hello"] = hello
    key = new_key()
    server.user_keys.append(key.convert_to_public())
    # a passphrase that takes longer to be tried than the loop may stand still
    text = key.export_private_key("openssh", "open sesame", rounds=120).decode()
    async with engine_at(tmp_path / "e") as engine:
        caplog.clear()
        standstills: list[float] = []
        standing = asyncio.create_task(_watch(standstills))
        await fetch_host_key("127.0.0.1", server.port, deadline=5)
        began = time.perf_counter()
        await check_private_key(text, "open sesame")
        effort = time.perf_counter() - began
        with pytest.raises(BadAnswer):
            await check_private_key(text, "wrong")
        address = server.address(
            password="", private_key=text, passphrase="open sesame"
        )
        async with connected(address) as connection:
            assert (await connection.run("hello", deadline=5)).code == 0
            async with connection.stream("hello") as lines:
                assert [line async for line in lines] == [b"out"]
            connector = SshConnector(connection, engine.path)
            async with (
                aiohttp.ClientSession(URL, connector=connector) as session,
                session.get("/ping") as response,
            ):
                assert await response.text() == "OK"
        standing.cancel()
        assert not _complaints(caplog)
        assert max(standstills) < effort / 2


async def _watch(standstills: list[float]) -> None:
    """Note for how long the loop stands still."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.01)
        standstills.append(time.perf_counter() - before)
