"""A program written for the original: it prints around every method, and reaches into the client.

Of `_write` the bytes count, not the pieces: ours writes a packet at once. Of `_read` it counts that what follows a
packet's header came by it: ours reads two bytes to begin with, the original one.
"""

from stage import *
from umqtt import simple2

depth = 0
written = b""
bytes_read = 0


def log(*words):
    flush()
    print("  " * depth + " ".join(str(word) for word in words))


def flush():
    global written, bytes_read
    if written:
        print("  " * depth + "wrote", written.hex())
    if bytes_read > 1:
        print("  " * depth + "read")
    written, bytes_read = b"", 0


def around(name):
    """A method that prints what goes in and out of the one of the base class."""

    def method(self, *args, **kwargs):
        global depth
        log(name, args, kwargs)
        depth += 1
        try:
            value = getattr(super(Debug, self), name)(*args, **kwargs)
        except Exception as error:
            log(name, "raises", type(error).__name__)
            raise
        else:
            log(name, "gives", value)
            return value
        finally:
            depth -= 1

    return method


class Debug(simple2.MQTTClient):
    connect = around("connect")
    disconnect = around("disconnect")
    publish = around("publish")
    subscribe = around("subscribe")
    ping = around("ping")
    check_msg = around("check_msg")
    wait_msg = around("wait_msg")
    set_last_will = around("set_last_will")

    def _write(self, bytes_wr, length=-1):
        global written
        value = super()._write(bytes_wr, length)
        data = bytes_wr.encode() if isinstance(bytes_wr, str) else bytes(bytes_wr)
        written += data if length < 0 else data[:length]
        return value

    def _read(self, n):
        global bytes_read
        data = super()._read(n)
        if len(data) != n or not isinstance(data, bytes):
            print("_read gives", data)
        bytes_read += n
        return data

    def cb(self, topic, msg, retained, dup):
        log("cb", topic, msg, retained, dup)
        if topic == b"cmd/ask":
            self.publish(b"cmd/answer", msg, qos=1)

    def cbstat(self, pid, status):
        log("cbstat", pid, status)


def attempt(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except Exception as error:
        log("program has", name_of(error))


c = Debug("device", "127.0.0.1", PORT, "user", "password", 60, socket_timeout=0.3, message_timeout=5)
peer.client = c
log(c.client_id, c.server, c.user, c.pswd, c.keepalive, c.ssl, c.ssl_params, c.sock, c.rcv_pids)
log(c.lw_topic, c.lw_msg, c.lw_qos, c.lw_retain, c.socket_timeout, c.message_timeout)
attempt(c.publish, "t", "too early")
attempt(c.check_msg)
attempt(c.ping)
attempt(c.disconnect)

c.set_last_will("will/device", b"gone", retain=True, qos=1)
log(c.lw_topic, c.lw_msg, c.lw_qos, c.lw_retain)
peer.answer()
attempt(c.connect)
c.newpid = simple2.pid_gen(65534)
attempt(c.subscribe, "cmd/#", 1)
attempt(c.publish, "state", "on", True, 1)
log("the program takes", next(c.newpid))
attempt(c.publish, b"state", b"off", qos=1)
attempt(c.publish, "log", "line")
attempt(c.ping)
log("pending", sorted(c.rcv_pids))

peer.send(b"\x90\x03\xff\xff\x01\x40\x02\x00\x01\xd0\x00")
peer.send(b"\x33\x0c\x00\x07cmd/ask\x12\x34?")
peer.send(b"\x3a\x0c\x00\x07cmd/set\x12\x351")
for _ in range(6):
    attempt(c.check_msg)
log("pending", sorted(c.rcv_pids))

c.rcv_pids[77] = ticks_add(ticks_ms(), 10000)
c.rcv_pids[79] = ticks_add(ticks_ms(), 10000)
c.rcv_pids[78] = ticks_add(ticks_ms(), -1)
peer.send(b"\x40\x02\x00\x4d\x40\x02\x00\x4d\x90\x03\x00\x4f\x00")
for _ in range(4):
    attempt(c.check_msg)
log("pending", sorted(c.rcv_pids))

peer.send(b"\x30\x0a\x00\x07cmd/set2")
attempt(c.wait_msg)
log("timeout", c.socket_timeout)

c.sock.close()
for call in (c.check_msg, c.ping):
    try:
        call()
    except (OSError, simple2.MQTTException):
        log("the link is dead")
peer.answer(b"\x20\x02\x01\x00")
attempt(c.connect, False)
log("pending", sorted(c.rcv_pids))
peer.send(b"\x40\x02\x00\x03\x40\x02\x00\x04")
attempt(c.check_msg)
attempt(c.check_msg)
peer.close()
attempt(c.check_msg)

peer.answer()
attempt(c.connect)
log("pending", sorted(c.rcv_pids))
attempt(c.disconnect)
attempt(c.disconnect)
log("sock", c.sock, "pollers", c.poller_r, c.poller_w)
attempt(c.publish, "t", "too late", qos=1)
attempt(c.subscribe, "t")
attempt(c.check_msg)
peer.answer(b"\x20\x02\x00\x05")
attempt(c.connect)
flush()
