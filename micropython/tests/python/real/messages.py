# micropython: -X heapsize=16M
"""Each QoS, retained messages, a will, long topics, large messages, a session that is kept."""

from broker import *
from umqtt import simple2

c = make(simple2, "c")
assert c.connect() == 0
acknowledged(c, c.subscribe("a/+", 1))
for qos in (0, 1):
    pid = c.publish("a/b", "hello %d" % qos, qos=qos)
    wait(lambda: len(c.messages) == qos + 1, c)
    if qos:
        acknowledged(c, pid)
assert c.messages == [(b"a/b", b"hello 0", False, False), (b"a/b", b"hello 1", False, False)]

# A retained message waits for a later subscriber; an empty one takes it away.
acknowledged(c, c.publish("state", b"on", True, 1))
late = make(simple2, "late")
late.connect()
late.subscribe(b"state", 1)
wait(lambda: late.messages, late)
assert late.messages == [(b"state", b"on", True, False)]
acknowledged(c, c.publish("state", b"", True, 1))
wait(lambda: len(late.messages) == 2, late)
later = make(simple2, "later")
later.connect()
acknowledged(later, later.subscribe(b"state", 1))
later.ping()
for _ in range(20):
    later.check_msg()
assert later.messages == []

# A will is published when the link is lost, not when the client says good-bye.
late.messages.clear()
acknowledged(late, late.subscribe("will/#", 1))
for name in ("orderly", "lost"):
    mortal = make(simple2, name)
    mortal.set_last_will("will/" + name, b"gone", qos=1)
    mortal.connect()
    if name == "orderly":
        mortal.disconnect()
    else:
        mortal.sock.close()
wait(lambda: late.messages, late)
assert late.messages == [(b"will/lost", b"gone", False, False)]

# Topics and messages of many sizes.
c.messages.clear()
acknowledged(c, c.subscribe("long/#", 1))
for length in (128, 16384, 60000):
    topic = b"long/" + b"x" * (length - 5)
    acknowledged(c, c.publish(topic, b"y", qos=1))
    wait(lambda: c.messages, c)
    assert c.messages.pop()[:2] == (topic, b"y")
acknowledged(c, c.subscribe("large", 1))
for size in (0, 1, 127, 128, 16383, 16384, 100000, 1000000):
    for qos in (0, 1):
        message = bytes(at % 251 for at in range(min(size, 251))) * (size // 251 + 1)
        message = message[:size]
        pid = c.publish("large", message, False, qos)
        wait(lambda: c.messages, c)
        assert c.messages.pop()[1] == message, size
        if qos:
            acknowledged(c, pid)

# What is published while the client is away comes when it is back, if its session is kept.
keeper = make(simple2, "keeper")
assert keeper.connect(False) == 0
acknowledged(keeper, keeper.subscribe("inbox", 1))
keeper.disconnect()
acknowledged(c, c.publish("inbox", "while away", qos=1))
assert keeper.connect(False) == 1
wait(lambda: keeper.messages, keeper)
assert keeper.messages == [(b"inbox", b"while away", False, False)]
assert keeper.connect(True) == 0
assert keeper.connect(False) == 0

# unsubscribe, and several filters at once.
many = make(simple2, "many")
many.connect()
acknowledged(many, many.subscribe([("m/a", 0), ("m/b", 1)]))
assert many.granted == b"\x00\x01"
acknowledged(many, many.unsubscribe("m/a"))
many.publish("m/a", "no", qos=1)
many.publish("m/b", "yes", qos=1)
wait(lambda: many.messages, many)
assert many.messages == [(b"m/b", b"yes", False, False)]

# The keep-alive holds an idle link: the broker would close it after 1.5 s.
idle = make(simple2, "idle", keepalive=1)
idle.connect()
start = ticks_ms()
while ticks_diff(ticks_ms(), start) < 2500:
    idle.check_msg()
acknowledged(idle, idle.publish("a/b", "still there", qos=1))
print("done")
