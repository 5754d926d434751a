"""Relays each WebSocket to a TCP connection with Python's websockets, until either end is over.

Arguments: the port to listen at, the port to connect to.
"""
import asyncio
import sys

import websockets


async def relay(socket, backend):
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", backend)
    except OSError:
        return await socket.close(1011, "nobody is there")

    async def send():
        while data := await reader.read(65536):
            await socket.send(data)
        await socket.close()

    sending = asyncio.create_task(send())
    async for message in socket:
        writer.write(message)
        await writer.drain()
    sending.cancel()
    writer.close()


async def main(port, backend):
    serve = lambda socket: relay(socket, backend)
    async with websockets.serve(serve, "127.0.0.1", port, max_size=None, subprotocols=["binary"]):
        await asyncio.Future()


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
