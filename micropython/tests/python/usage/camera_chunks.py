# micropython: -X heapsize=2M
"""A camera's picture goes out in chunks from one buffer that is used again, and as a whole."""

import io

from mosquitto import *

picture = bytes(number * 7 & 255 for number in range(50000))
other = listener("camera/#")
c = MQTTClient("c", "127.0.0.1", PORT)
c.connect()

buffer = bytearray(1024)
view = memoryview(buffer)
camera = io.BytesIO(picture)
while True:
    size = camera.readinto(buffer)
    if not size:
        break
    c.publish(b"camera/chunk", view[:size])
c.publish(b"camera/end", b"")
until(lambda: other.heard and other.heard[-1][0] == b"camera/end", other.check_msg)
chunks = [msg for topic, msg in other.heard if topic == b"camera/chunk"]
print(len(chunks), len(chunks[-1]), b"".join(chunks) == picture)

other.heard.clear()
c.publish("camera/picture", picture)
c.publish("camera/picture", memoryview(picture)[100:], False, 1)
c.publish("camera/picture", bytearray(picture))
until(lambda: len(other.heard) == 3, other.check_msg)
print([len(msg) for topic, msg in other.heard], [msg[-9:] == picture[-9:] for topic, msg in other.heard])
until(lambda: not c.rcv_pids, c.check_msg)
c.disconnect()
print("done")
