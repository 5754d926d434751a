"""What `wstunnel connect URL --listen` does, with Python's websockets: each TCP connection becomes a WebSocket.

Arguments: the port to listen at, URL.
"""
import asyncio
import sys

import websockets

OPTIONS = dict(max_size=None, compression=None, ping_timeout=None, subprotocols=["binary"])


async def send(reader, socket):
    try:
        while data := await reader.read(262144):
            await socket.send(data)
    except (OSError, websockets.ConnectionClosed):
        pass
    await socket.close()


async def relay(reader, writer, url):
    try:
        async with websockets.connect(url, **OPTIONS) as socket:
            sending = asyncio.create_task(send(reader, socket))
            async for data in socket:
                writer.write(data)
                await writer.drain()
            await sending
    except (OSError, websockets.ConnectionClosed):
        pass
    writer.close()


async def main(port, url):
    start = lambda reader, writer: relay(reader, writer, url)
    async with await asyncio.start_server(start, "127.0.0.1", port) as server:
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
