"""What the programs against a real broker share. Arguments: its port, that of TLS, its folder, its process."""

import os
import sys

from time import ticks_add, ticks_diff, ticks_ms

PORT, TLS_PORT, FOLDER, PROCESS = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
# How long, in milliseconds, something may take that must happen.
PATIENCE = 15000


def make(simple, name, **options):
    """A client that keeps what comes in `messages` and what is acknowledged in `delivered`."""
    settings = {"port": PORT, "socket_timeout": 3}
    settings.update(options)
    c = simple.MQTTClient(name, settings.pop("server", "127.0.0.1"), **settings)
    c.messages = []
    c.delivered = set()
    c.set_callback(lambda *message: c.messages.append(message))

    def on_status(pid, status):
        assert status == 1, (pid, status)
        c.delivered.add(pid)

    c.set_callback_status(on_status)
    return c


def wait(what, *clients):
    """Looks for messages until it is true."""
    start = ticks_ms()
    while not what():
        for c in clients:
            c.check_msg()
        assert ticks_diff(ticks_ms(), start) < PATIENCE, "it did not happen"


def acknowledged(c, pid):
    wait(lambda: pid in c.delivered, c)


def file(name):
    with open(FOLDER + "/" + name, "rb") as f:
        return f.read()


def signal(name, process):
    assert os.system("kill -%s %s" % (name, process)) == 0


def restart():
    """Starts the broker again, at the same port; returns its process."""
    try:
        os.remove(FOLDER + "/pid")
    except OSError:
        pass
    path = "PATH=$PATH:/usr/sbin:/usr/local/sbin "
    assert os.system(path + "mosquitto -d -c %s/mosquitto.conf 2>/dev/null" % FOLDER) == 0
    start = ticks_ms()
    while True:
        assert ticks_diff(ticks_ms(), start) < PATIENCE, "the broker does not start"
        try:
            process = file("pid").decode()
        except OSError:
            continue
        if process:
            return process.strip()


def failure(call, *arguments):
    """The name of the exception that must come; anything else is an error of the test."""
    from umqtt.simple2 import MQTTException

    try:
        value = call(*arguments)
    except (OSError, MQTTException) as error:
        return type(error).__name__, error.args
    raise AssertionError("no exception, but %r" % (value,))
