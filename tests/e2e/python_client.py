# SPDX-License-Identifier: Apache-2.0
"""Prints every event of one symbol's book ticker: python_client.py ws://HOST:PORT btcusdt"""

import asyncio
import sys

import websockets


async def main(server: str, symbol: str) -> None:
    async with websockets.connect(f"{server}/stream?streams={symbol}@bookTicker") as connection:
        async for message in connection:
            print(message, flush=True)


asyncio.run(main(*sys.argv[1:]))
