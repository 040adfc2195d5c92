"""Joins the Wi-Fi. `boot.py` runs before every program, and after every deep sleep."""

import network
import time

NETWORK = "garden"
PASSWORD = "…"

wlan = network.WLAN(network.STA_IF)
wlan.active(True)
if not wlan.isconnected():
    wlan.connect(NETWORK, PASSWORD)
    for _ in range(100):
        if wlan.isconnected():
            break
        time.sleep_ms(100)
print("online" if wlan.isconnected() else "no Wi-Fi")
