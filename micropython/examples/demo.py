"""A sensor and a display on one broker: `cargo xtask micropython demo` runs it."""

import gc
import os
import sys
from time import ticks_diff, ticks_ms

import umqtt.simple2
from umqtt.simple2 import MQTTClient

HOST = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
PORT = int(sys.argv[2]) if len(sys.argv) > 2 else 1883
ROOT = "umqtt-demo/%s/" % os.urandom(4).hex()
MANY = 1000


def say(who, what):
    print("%8s  %s" % (who, what))


def wait_for(client, what, condition):
    start = ticks_ms()
    while not condition():
        if ticks_diff(ticks_ms(), start) > 5000:
            sys.exit("%s: nothing came within 5 s" % what)
        client.check_msg()


def on_status(pid, status):
    if loud:
        say("sensor", "packet %d: %s" % (pid, ("timed out", "delivered", "unknown")[status]))


def on_message(topic, msg, retained, dup):
    received.append((topic.decode()[len(ROOT) :], msg))
    if loud:
        shown = msg.decode() if len(msg) < 40 else "%d bytes" % len(msg)
        say("display", "receives %s = %s" % (received[-1][0], shown))


def publish(name, msg, qos):
    pid = sensor.publish(ROOT + name, msg, qos=qos)
    say("sensor", "publishes %s with QoS %d" % (name, qos) + (", packet %d" % pid if pid else ""))
    wait_for(sensor, "PUBACK", lambda: not sensor.rcv_pids)
    wait_for(display, name, lambda: (name, msg) in received)


received = []
loud = True
where = getattr(umqtt.simple2, "__file__", "the firmware")
say("here", "MicroPython %d.%d.%d on %s" % (sys.implementation.version[:3] + (sys.platform,)))
say("here", "umqtt.simple2 %s from %s" % (umqtt.simple2.__version__, where))

print("\nTwo clients connect to %s:%d" % (HOST, PORT))
display = MQTTClient(ROOT + "display", HOST, PORT, keepalive=30)
display.set_callback(on_message)
display.connect()
pid = display.subscribe(ROOT + "#", qos=1)
wait_for(display, "SUBACK", lambda: pid not in display.rcv_pids)
say("display", "subscribes to %s#, and is granted QoS %d" % (ROOT, display.granted[0]))
sensor = MQTTClient(ROOT + "sensor", HOST, PORT, keepalive=30)
sensor.set_callback_status(on_status)
sensor.set_last_will(ROOT + "state", "gone", qos=1)
sensor.connect()
say("sensor", "is connected; its last will is: state = gone")

print("\nThe sensor publishes, the display receives")
publish("temperature", b"21.5", 0)
publish("temperature", b"22.5", 1)
publish("picture", bytes(100_000), 1)

print("\n%d messages each way" % MANY)
loud = False
before = len(received)
start = ticks_ms()
for _ in range(MANY):
    sensor.publish(ROOT + "count", b"1", qos=1)
    display.check_msg()
    sensor.check_msg()
wait_for(sensor, "PUBACK", lambda: not sensor.rcv_pids)
wait_for(display, "count", lambda: len(received) == before + MANY)
took = ticks_diff(ticks_ms(), start)
rate = MANY * 1000 // max(took, 1)
say("sensor", "%d of QoS 1 delivered and received, %d a second" % (MANY, rate))
display.disconnect()
topic = ROOT + "count"
gc.collect()
gc.disable()
free = gc.mem_free()
for _ in range(MANY):
    sensor.publish(topic, b"1")
say("sensor", "%d of QoS 0 published; they left %d bytes of garbage" % (MANY, free - gc.mem_free()))
gc.enable()

print("\nThe sensor is cut off")
loud = True
display.connect()
display.subscribe(ROOT + "state", qos=1)
wait_for(display, "SUBACK", lambda: not display.rcv_pids)
sensor.sock.close()
wait_for(display, "last will", lambda: ("state", b"gone") in received)
display.disconnect()
print("\nAll as it should be. More: micropython/README.md")
