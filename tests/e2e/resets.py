"""Clients that each open a tunnel, send some bytes, and reset their connection at a random moment, then come again.

Arguments: the port, how many at once, for how many seconds. Says in the end how many there were.
"""

import heapq
import random
import socket
import struct
import sys
import time

PORT, CLIENTS, SECONDS = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
LONGEST = 1.0
RESETS = struct.pack("ii", 1, 0)
HEAD = (
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def frame(length):
    return b"\x82" + struct.pack("!BHI", 0xFE, length, 0) + b"x" * length


def come():
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
    client.connect(("127.0.0.1", PORT))
    client.setblocking(False)
    sent = HEAD + frame(random.choice((126, 5_000, 60_000)))
    # Some have not even sent all of their head.
    try:
        client.send(sent[: random.randrange(1, len(HEAD))] if random.randrange(8) == 0 else sent)
    except BlockingIOError:
        pass
    return (time.monotonic() + random.uniform(0, LONGEST), id(client), client)


ends_at = time.monotonic() + SECONDS
there = [come() for _ in range(CLIENTS)]
heapq.heapify(there)
came = CLIENTS
while time.monotonic() < ends_at:
    due, _, client = there[0]
    time.sleep(max(0, min(due, ends_at) - time.monotonic()))
    client.close()
    heapq.heapreplace(there, come())
    came += 1
for _, _, client in there:
    client.close()
print(came)
