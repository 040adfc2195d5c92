"""Time on a board, where a second of sleep is over sooner."""

import utime
from utime import *


def sleep(seconds):
    utime.sleep_ms(int(seconds * 10))


def sleep_ms(milliseconds):
    utime.sleep_us(milliseconds * 10)
