"""25. A malformed packet ends the link, and no callback has it."""

from stage import *

for packet in (
    "0000",
    "f000",
    "1000",
    "20020000",
    "d100",
    "42020001",
    "4003000100",
    "400100",
    "40020000",
    "9203000100",
    "b2020001",
    "e000",
    "c000",
    "3000",
    "300100",
    "30020000",
    "3003000561",
    "30050003612f23",
    "300400026100",
    "30030001ff",
    "3203000174",
    "32050001740000",
    "30ffffffff01",
):
    c = connected()
    c.socket_timeout = 0.2
    c.subscribe("t")
    peer.send(bytes.fromhex(packet))
    print(packet)
    tell("check_msg", c.check_msg)
    link(c)
    peer.forget()
    c.sock = None
c = connected()
c.subscribe("t")
peer.send(b"\x90\x03\x00\x01\x03")
tell("check_msg", c.check_msg)
link(c)
