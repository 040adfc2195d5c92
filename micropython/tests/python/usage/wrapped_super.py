"""A subclass calls super() around each method, two deep."""

from stage import *
from umqtt.simple2 import MQTTClient


class Prefix(MQTTClient):
    def publish(self, topic, msg, retain=False, qos=0, dup=False):
        return super().publish(b"home/" + topic, msg, retain, qos, dup)

    def subscribe(self, topic, qos=0):
        return super().subscribe(b"home/" + topic, qos)

    def check_msg(self):
        result = super().check_msg()
        print("  base", result)
        return result


class Json(Prefix):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.count = 0

    def connect(self, clean_session=True):
        print("connects to", self.server)
        return super().connect(clean_session)

    def publish(self, topic, msg, **options):
        self.count += 1
        return super().publish(topic, ('{"value": %d}' % msg).encode(), **options)

    def _write(self, data, *args):
        self.count += 100
        return super()._write(data, *args)

    def _read(self, n):
        data = super()._read(n)
        assert len(data) == n
        return data


peer.answer()
c = Json("c", "127.0.0.1", PORT)
peer.client = c
c.set_callback(on_message)
c.set_callback_status(on_status)
tell("connect", c.connect)
tell("publish", c.publish, b"a", 1)
tell("publish", c.publish, b"a", 2, qos=1, retain=True)
tell("subscribe", c.subscribe, b"#", 1)
peer.send(b"\x40\x02\x00\x01\x90\x03\x00\x02\x01\x30\x04\x00\x01tx")
for _ in range(3):
    tell("check_msg", c.check_msg)
tell("ping", c.ping)
print("counted", c.count % 100, "wrote", c.count > 400)
tell("disconnect", c.disconnect)
print("done")
