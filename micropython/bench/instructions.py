"""Counts the instructions that a client takes for an event, and of them those of the stubs it runs on.

A line `event part number`:
  gross     with the stubs
  calls     what the client called on its stubs
  writes    how many of them are writes to the socket
  stubs     these calls, with the same arguments, by themselves
  callback  the call of an empty callback
  net       gross less stubs and callback
  streamed  on a stream in C in place of the stubs, less the callback
"""

import io
import micropython
from time import ticks_cpu, ticks_diff, ticks_ms

from stage import *

TURNS = 32

WINDOW = """
def window(prepare, ticks_cpu, ticks_diff, %s):
    total = 0
    for _ in range(%d):
        prepare()
        begin = ticks_cpu()
        %s
        total += ticks_diff(ticks_cpu(), begin)
    return total
"""


def count(call, prepare, names, values):
    """The instructions of a call, its own arguments and its return included."""
    costs = []
    for text in call, "pass":
        room = {}
        exec(WINDOW % (", ".join(names), TURNS, text), room)
        make_dense()
        gc.disable()
        costs.append(room["window"](prepare, ticks_cpu, ticks_diff, *values))
        gc.enable()
    return (costs[0] - costs[1]) / TURNS


# Functions that return at once: their calls are what a bytecode takes to call anything.
@micropython.asm_thumb
def _nothing_1(r0):
    pass


@micropython.asm_thumb
def _nothing_2(r0, r1):
    pass


@micropython.asm_thumb
def _nothing_3(r0, r1, r2):
    pass


@micropython.asm_thumb
def _nothing_4(r0, r1, r2, r3):
    pass


NOTHING = _nothing_1, _nothing_2, _nothing_3, _nothing_4


def count_function(function, arguments, prepare=lambda: None):
    """The instructions of a function alone, without those of its caller."""
    names = "abcd"[: len(arguments)]
    call = "f(%s)" % ", ".join(names)
    names = "f, " + ", ".join(names)
    empty = NOTHING[len(arguments) - 1]
    called = count(call, prepare, names.split(", "), (function,) + tuple(arguments))
    return called - count(call, lambda: None, names.split(", "), (empty,) + len(arguments) * (0,))


class Recorder:
    """Stands for a stub, and notes what is called on it."""

    def __init__(self, stub, calls):
        def recorded(name):
            def call(*arguments):
                # What a client passes may be reused by it.
                kept = [bytearray(a) if hasattr(a, "__len__") else a for a in arguments]
                at = stub.stream.tell() if hasattr(stub, "stream") else None
                calls.append((stub, name, kept, at))
                return getattr(stub, name)(*arguments)

            return call

        for name in "write", "read", "readinto", "poll", "ipoll":
            if hasattr(stub, name):
                setattr(self, name, recorded(name))


def call_of(event):
    return CALLS.get(event, "client.check_msg()")


def record(client, event):
    """What a client calls on its stubs for an event."""
    calls = []
    stubs = client.sock, client.poller_r, client.poller_w
    for turn in range(2):
        client.sock, client.poller_r, client.poller_w = stubs
        stubs[0].stream = io.BytesIO(prepare(event, client))
        # At the first turn a client may make its buffers.
        calls.clear()
        client.sock, client.poller_r, client.poller_w = [Recorder(stub, calls) for stub in stubs]
        exec(call_of(event), {"client": client, "topic": TOPIC, "message": MESSAGE})
    client.sock, client.poller_r, client.poller_w = stubs
    return calls


def count_stub(call):
    stub, name, arguments, at = call
    arguments.insert(0, stub)

    def rewind():
        if at is not None:
            stub.stream.seek(at)

    return count_function(getattr(type(stub), name), arguments, rewind)


def shown(calls):
    """Their names and how often, such as `write+3*read`."""
    names = [name for _, name, _, _ in calls]
    order = []
    for name in names:
        if name not in order:
            order.append(name)
    return "+".join(
        name if names.count(name) == 1 else "%d*%s" % (names.count(name), name) for name in order
    ) or "none"


def measure(client, event, suffix=""):
    sock = client.sock
    client.poller_r.ready = [] if event == "idle" else [(sock, select.POLLIN)]
    names, values = ("client", "topic", "message"), (client, TOPIC, MESSAGE)
    calls = record(client, event)

    def again():
        sock.stream = io.BytesIO(prepare(event, client))

    gross = count(call_of(event), again, names, values)
    stubs = sum(count_stub(call) for call in calls)
    called = callback_cost if event.startswith("receive") else 0
    event += suffix
    print(event, "calls", shown(calls))
    print(event, "writes", sum(call[1] == "write" for call in calls))
    for part, number in (
        ("gross", gross),
        ("stubs", stubs),
        ("callback", called),
        ("net", gross - stubs - called),
    ):
        print(event, part, round(number))


def count_writes(call, *arguments):
    """How often a client writes to its socket in a call."""
    writes = 0
    own = socket.Reading.write

    def write(*arguments):
        nonlocal writes
        writes += 1
        return own(*arguments)

    socket.Reading.write = write
    call(*arguments)
    socket.Reading.write = own
    return writes


def count_others():
    """The writes of packets that do not carry a message."""
    from umqtt.simple2 import MQTTClient

    client = MQTTClient("board", "broker", user="gardener", password="rose")
    client.set_callback(callback)
    client.set_last_will("gone", b"bye")
    print("connect writes", count_writes(client.connect))
    print("subscribe writes", count_writes(client.subscribe, TOPIC, 1))
    print("ping writes", count_writes(client.ping))
    print("disconnect writes", count_writes(client.disconnect))


callback_cost = count_function(callback, (TOPIC, MESSAGE, False, False))
client = connected()
for event in EVENTS:
    measure(client, event)
client.sock = socket.Reading()
for event in "receive-0", "receive-1":
    measure(client, event, "-read-only")
streamed = Streamed(client)
for event in EVENTS[:-1]:
    called = callback_cost if event.startswith("receive") else 0
    names, values = ("client", "topic", "message"), (client, TOPIC, MESSAGE)
    streamed(event)
    exec(call_of(event), {"client": client, "topic": TOPIC, "message": MESSAGE})
    cost = count(call_of(event), lambda: streamed(event), names, values)
    print(event, "streamed", round(cost - called))
print("clock net", round(count("f()", lambda: None, ("f",), (ticks_ms,))))
count_others()
