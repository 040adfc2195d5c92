"""A broker that stops responding, is killed, and comes back."""

from broker import *
from umqtt import simple2


def until_connected(c):
    start = ticks_ms()
    while True:
        try:
            return c.connect(False)
        except (OSError, simple2.MQTTException):
            assert c.sock is None
        assert ticks_diff(ticks_ms(), start) < PATIENCE


def echo(c, text):
    c.messages.clear()
    acknowledged(c, c.subscribe("echo", 1))
    acknowledged(c, c.publish("echo", text, qos=1))
    wait(lambda: c.messages, c)
    assert c.messages == [(b"echo", text, False, False)]


def until_noticed(c):
    """Looks for messages until the client finds the link dead."""
    start = ticks_ms()
    try:
        while True:
            c.check_msg()
            assert ticks_diff(ticks_ms(), start) < PATIENCE
    except (OSError, simple2.MQTTException) as error:
        return error


c = make(simple2, "c", keepalive=1, socket_timeout=0.5)
c.connect(False)
echo(c, b"before")

# It does not respond: neither PINGRESP nor CONNACK comes.
signal("STOP", PROCESS)
error = until_noticed(c)
assert isinstance(error, simple2.MQTTException) and error.args[0] == 7, error
start = ticks_ms()
assert failure(c.connect, False, 0.3) == ("MQTTException", (30,))
assert ticks_diff(ticks_ms(), start) < 1500
signal("CONT", PROCESS)
until_connected(c)
echo(c, b"after it stood still")

# It is killed: the link ends, a connection is refused, and when it is back all goes on.
process = PROCESS
for round in range(3):
    signal("KILL", process)
    until_noticed(c)
    start = ticks_ms()
    error = failure(c.connect)
    while error[1] != (111,):
        # It is still dying.
        assert error[1] in ((104,), (1,)) and ticks_diff(ticks_ms(), start) < PATIENCE, error
        error = failure(c.connect)
    process = restart()
    until_connected(c)
    echo(c, b"after it was killed %d" % round)
print("done")
