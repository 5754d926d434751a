"""Two sessions of paho, an MQTT client, by WebSocket: one takes what the other publishes. Prints the SHA-256 of all that came.

Arguments: host, port, protocol level (3 for MQTT 3.1, 4 for 3.1.1, 5), subprotocol, bytes.
"""
import hashlib
import os
import queue
import sys

import paho.mqtt.client as mqtt

DEADLINE_S = 10
TOPIC = "test/topic"


def session(host, port, level, subprotocol):
    client = mqtt.Client(protocol=level, transport="websockets")
    # By itself it offers mqtt, which is not what older clients did.
    client.ws_set_options("/mqtt", headers=lambda ours: {**ours, "Sec-Websocket-Protocol": subprotocol})
    connected = queue.Queue()
    client.on_connect = lambda *words: connected.put(words[3])
    client.connect(host, port)
    client.loop_start()
    if connected.get(timeout=DEADLINE_S) != 0:
        raise RuntimeError("the broker refused")
    return client


def main(host, port, level, subprotocol, size):
    payload = os.urandom(size)
    taker = session(host, port, level, subprotocol)
    messages, subscribed = queue.Queue(), queue.Queue()
    taker.on_message = lambda _client, _data, message: messages.put(message.payload)
    taker.on_subscribe = lambda *words: subscribed.put(words)
    taker.subscribe(TOPIC, qos=1)
    subscribed.get(timeout=DEADLINE_S)
    giver = session(host, port, level, subprotocol)
    giver.publish(TOPIC, payload, qos=1).wait_for_publish(DEADLINE_S)
    received = messages.get(timeout=DEADLINE_S)
    for client in (giver, taker):
        client.disconnect()
        client.loop_stop()
    print(hashlib.sha256(payload).hexdigest(), hashlib.sha256(received).hexdigest())


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
