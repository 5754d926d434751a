"""Moves bytes both ways through a tunnel with Python's websockets, closes, and prints their hashes as JSON.

Arguments: URL, type (text or binary), number of blocks.
"""
import asyncio
import hashlib
import json
import os
import sys

import websockets

BLOCK_BYTES = 65536


def message(index, is_text):
    if is_text:
        return f"{index:06}" + "aß€😀" * 6553
    return os.urandom(BLOCK_BYTES)


def to_bytes(data):
    return data.encode() if isinstance(data, str) else data


async def send_all(socket, is_text, blocks):
    sent = hashlib.sha1()
    for index in range(blocks):
        data = message(index, is_text)
        sent.update(to_bytes(data))
        await socket.send(data)
    return sent.hexdigest()


async def receive_all(socket, is_text, blocks):
    received = hashlib.sha1()
    left = blocks * BLOCK_BYTES
    while left > 0:
        data = await socket.recv()
        if isinstance(data, str) != is_text:
            raise TypeError("a message of the other type")
        received.update(to_bytes(data))
        left -= len(to_bytes(data))
    return received.hexdigest()


async def move(url, kind, blocks):
    is_text = kind == "text"
    async with websockets.connect(url, max_size=None) as socket:
        sent, received = await asyncio.gather(
            send_all(socket, is_text, blocks), receive_all(socket, is_text, blocks)
        )
        await socket.close(1000, "done")
    report = {"sent": sent, "received": received, "code": socket.close_code, "wasClean": True}
    print(json.dumps(report))


asyncio.run(move(sys.argv[1], sys.argv[2], int(sys.argv[3])))
