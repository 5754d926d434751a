"""Opens a tunnel with Python's websockets, sends a message, and prints what comes back and the subprotocol as JSON.

Arguments: URI, which may hold a name and a password; then headers as NAME=VALUE, and subprotocols.
"""
import asyncio
import json
import sys

import websockets


async def run(uri, options):
    headers = [tuple(option.split("=", 1)) for option in options if "=" in option]
    protocols = [option for option in options if "=" not in option]
    named = {"subprotocols": protocols or None}
    # Its name in the library before 14, and since.
    major = int(websockets.__version__.split(".")[0])
    named["additional_headers" if major >= 14 else "extra_headers"] = headers
    try:
        async with websockets.connect(uri, **named) as socket:
            await socket.send(b"ping")
            echoed = await socket.recv()
            print(json.dumps({"echo": echoed.decode(), "protocol": socket.subprotocol}))
    except websockets.exceptions.InvalidHandshake as error:
        response = getattr(error, "response", None)
        status = response.status_code if response else error.status_code
        print(json.dumps({"status": status}))


asyncio.run(run(sys.argv[1], sys.argv[2:]))
