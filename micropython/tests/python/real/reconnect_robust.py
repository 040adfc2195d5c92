"""The loop of robust2, with a broker that stops responding, is killed, and comes back: nothing is lost."""

from broker import *
from umqtt import robust2, simple2

received = []
listener = None


def listen():
    """Another client, which hears what the first one says."""
    global listener
    listener = make(simple2, "listener")
    listener.set_callback(lambda topic, message, retained, dup: received.append(int(message)))
    start = ticks_ms()
    while listener.sock is None:
        try:
            listener.connect()
        except (OSError, simple2.MQTTException):
            assert ticks_diff(ticks_ms(), start) < PATIENCE
    acknowledged(listener, listener.subscribe("numbers", 1))


class Device(robust2.MQTTClient):
    MSG_QUEUE_MAX = 1000


c = Device("device", "127.0.0.1", port=PORT, keepalive=1, socket_timeout=0.5, message_timeout=3)
c.set_callback(lambda topic, message, retained, dup: commands.append(message))
commands = []
c.connect(False)
c.subscribe("commands", 1)
listen()

sent = 0
process = PROCESS


def turn():
    """What users write in their main loop."""
    if c.is_conn_issue():
        c.reconnect()
    else:
        c.check_msg()
        c.send_queue()


def turns(done):
    start = ticks_ms()
    while not done():
        turn()
        if listener.sock:
            try:
                listener.check_msg()
            except (OSError, simple2.MQTTException):
                listener.disconnect()
        assert ticks_diff(ticks_ms(), start) < PATIENCE, (sent, sorted(set(received))[-3:], c.conn_issue)


def say(count):
    global sent
    for _ in range(count):
        c.publish("numbers", str(sent), False, 1)
        sent += 1
        turn()


def all_heard():
    return len(set(received)) == sent and c.things_to_do() == 0


say(20)
turns(all_heard)

signal("STOP", process)
say(20)
turns(lambda: c.conn_issue)
say(20)
signal("CONT", process)
turns(all_heard)

for _ in range(2):
    signal("KILL", process)
    turns(lambda: c.conn_issue)
    listener.disconnect()
    say(20)
    process = restart()
    # What comes before anything listens is lost.
    listen()
    turns(all_heard)

assert received == sorted(received) or len(received) > sent, "order is kept where nothing came twice"
# Subscribed again, though the broker has forgotten all.
acknowledged(listener, listener.publish("commands", "hello", qos=1))
turns(lambda: commands)
assert commands == [b"hello"]
print("done")
