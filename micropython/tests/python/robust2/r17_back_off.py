"""reconnect() tries at once, and after failures waits longer and longer without blocking."""

from robust import *

c = connected(robust2)
peer.close()
c.wait_msg()
attempts = []
blocked = 0
start = ticks_ms()
while len(attempts) < 5:
    before = ticks_ms()
    connections = peer.connections()
    peer.answer_close()
    value = c.reconnect()
    if peer.connections() > connections:
        attempts.append(ticks_diff(before, start))
    else:
        blocked = max(blocked, ticks_diff(ticks_ms(), before))
    if value is not None or c.conn_issue is None:
        print("reconnected?")
pauses = [b - a for a, b in zip(attempts, attempts[1:])]
print("at once", attempts[0] < 90)
print("longer and longer", pauses[0] >= 50, pauses[1] >= 150, pauses[2] >= 350, pauses[3] >= 750)
print("blocks for a moment only", blocked < 400)
