"""Arguments by place up to the seventh, by name, and from dicts and tuples."""

from stage import *
from umqtt import robust2, simple2

CONFIG = {"client_id": "c", "server": "127.0.0.1", "port": PORT, "user": "u", "password": "p", "keepalive": 60}
MORE = {"ssl": False, "ssl_params": {}, "socket_timeout": 1, "message_timeout": 2}


def use(c):
    peer.client = c
    c.set_callback(on_message)
    peer.answer()
    tell("connect", c.connect)
    print(c.client_id, c.user, c.pswd, c.keepalive, c.ssl, c.ssl_params, c.socket_timeout, c.message_timeout)
    c.disconnect()


for module in simple2, robust2:
    C = module.MQTTClient
    use(C("c", "127.0.0.1", PORT, "u", "p", 30, False))
    use(C("c", "127.0.0.1", PORT, None, None, 0, False, None, 3, 4))
    use(C(**CONFIG))
    use(C(*("c", "127.0.0.1"), port=PORT, **MORE))
    use(C(b"c", b"127.0.0.1", PORT, user=b"u", password=b"p"))
    use(C("c", "127.0.0.1", PORT, keepalive=None))
    for arguments, names in (
        ((), {}),
        (("c",), {}),
        ((None, "127.0.0.1", 1), {}),
        (("c", "127.0.0.1", PORT), {"nonsense": 1}),
        (("c", "127.0.0.1", PORT), {"port": 1}),
    ):
        try:
            c = C(*arguments, **names)
            peer.answer()
            c.connect()
            print("connected")
        except Exception as error:
            print(type(error).__name__)

c = connected()
tell("publish", c.publish, "t", "x", False, 0, False)
tell("publish", c.publish, "t", msg="x", retain=True)
tell("publish", c.publish, topic="t", msg="x", qos=1, dup=False)
tell("publish", c.publish, *("t", "x"), **{"qos": 1, "retain": True})
tell("subscribe", c.subscribe, topic="t", qos=1)
tell("connect", lambda: peer.answer() or c.connect(clean_session=False))
tell("set_last_will", c.set_last_will, "w", "gone", retain=True, qos=1)
tell("set_callback", c.set_callback, f=on_message)
tell("set_callback_status", c.set_callback_status, f=on_status)
for call, names in (
    (c.check_msg, {"x": 1}),
    (c.wait_msg, {"x": 1}),
    (c.ping, {"x": 1}),
    (c.publish, {"topic": "t"}),
    (c.publish, {"topic": "t", "msg": "x", "x": 1}),
    (c.subscribe, {}),
):
    try:
        print(call(**names))
    except TypeError:
        print("TypeError")
print(c.sock is not None)
print("done")
