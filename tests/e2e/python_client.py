# SPDX-License-Identifier: Apache-2.0
"""Subscribes to a stream and prints its events, one a line: python_client.py ws://HOST:PORT btcusdt@bookTicker"""

import asyncio
import json
import sys

import websockets


async def main(server: str, stream: str) -> None:
    async with websockets.connect(f"{server}/stream") as connection:
        await connection.send(json.dumps({"method": "SUBSCRIBE", "params": [stream], "id": 1}))
        async for message in connection:
            if '"stream"' in message:
                print(message, flush=True)


asyncio.run(main(*sys.argv[1:]))
