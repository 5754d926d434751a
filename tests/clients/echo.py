"""Sends every message back to where it came from, with Python's websockets.

Argument: the port to listen at.
"""
import asyncio
import sys

import websockets


async def echo(socket):
    async for message in socket:
        await socket.send(message)


async def serve(port):
    async with websockets.serve(echo, "127.0.0.1", port, max_size=None):
        await asyncio.Future()


asyncio.run(serve(int(sys.argv[1])))
