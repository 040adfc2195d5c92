"""4. A str goes out as UTF-8, with its length in bytes."""

from stage import *

peer.answer()
c = make(user="ö", password="ü")
c.client_id = "ä"
c.set_last_will("ß", "€")
tell("connect", c.connect)
tell("publish", c.publish, "a/ä", "ö")
tell("publish", c.publish, "a/ä", "ö", qos=1)
tell("subscribe", c.subscribe, "ü/#")
if c.sock:
    # With unread bytes, the end would be a reset, which takes along what was sent.
    c.sock.read(100)
