import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from redis.asyncio import Redis

from concierge.errors import UserError
from concierge.paths import cache_dir
from concierge.sessions import EmbeddedRedis

CHILD = """
import asyncio, sys
from pathlib import Path
from concierge.sessions import EmbeddedRedis
async def main():
    redis = EmbeddedRedis(Path(sys.argv[1]), Path(sys.argv[2]))
    await redis.start()
    print(redis.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_it_listens_on_a_private_socket_alone(redis: EmbeddedRedis) -> None:
    client = Redis.from_url(redis.url)
    assert (await client.config_get("port"))["port"] == "0"
    assert (await client.config_get("appendonly"))["appendonly"] == "yes"
    socket = Path(redis.url.removeprefix("unix://"))
    assert socket.stat().st_mode & 0o077 == 0
    assert socket.parent.stat().st_mode & 0o077 == 0
    await client.aclose()


async def test_what_it_keeps_survives_a_restart_and_a_torn_file(tmp_path: Path) -> None:
    first = EmbeddedRedis(tmp_path, cache_dir())
    client = Redis.from_url(await first.start())
    for i in range(20):
        await client.set(f"key{i}", "value")
    await client.aclose()
    os.kill(first.pid, signal.SIGKILL)
    await first.stop()
    (log,) = [p for p in (tmp_path / "redis").rglob("*.aof*") if p.is_file() and p.stat().st_size > 100]
    log.write_bytes(log.read_bytes()[:-7])
    second = EmbeddedRedis(tmp_path, cache_dir())
    client = Redis.from_url(await second.start())
    assert await client.dbsize() == 19
    await client.aclose()
    await second.stop()


async def test_a_second_concierge_on_the_directory_is_turned_away(
    redis: EmbeddedRedis, tmp_path: Path
) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, str(tmp_path), str(cache_dir()), stderr=subprocess.PIPE
    )
    _, errors = await child.communicate()
    assert b"UserError: Another concierge keeps its chats" in errors
    assert redis.pid


async def test_it_dies_with_its_parent_and_the_next_one_takes_over(tmp_path: Path) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, str(tmp_path), str(cache_dir()), stdout=subprocess.PIPE
    )
    pid = int(await child.stdout.readline())
    child.kill()
    await child.wait()
    redis = EmbeddedRedis(tmp_path, cache_dir())
    await redis.start()
    assert redis.pid != pid
    async with asyncio.timeout(10):
        while Path(f"/proc/{pid}/cmdline").exists() and b"redis" in Path(f"/proc/{pid}/cmdline").read_bytes():
            await asyncio.sleep(0.1)
    await redis.stop()


async def test_it_is_started_again_when_it_dies(redis: EmbeddedRedis) -> None:
    before = redis.pid
    os.kill(before, signal.SIGKILL)
    client = Redis.from_url(redis.url, socket_timeout=1)
    async with asyncio.timeout(10):
        while True:
            try:
                await client.ping()
                break
            except Exception:
                await asyncio.sleep(0.1)
    assert redis.pid not in (None, before)
    await client.aclose()


async def test_a_long_state_directory_gets_a_short_socket(tmp_path: Path) -> None:
    redis = EmbeddedRedis(tmp_path / ("deep" * 20) / ("down" * 20), cache_dir())
    url = await redis.start()
    assert len(url) < 107
    await redis.stop()


async def test_a_directory_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--state-dir"):
        await EmbeddedRedis(tmp_path / "file", cache_dir()).start()
