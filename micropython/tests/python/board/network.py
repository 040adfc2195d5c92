"""Wi-Fi that is there at the third look."""

STA_IF = 0


class WLAN:
    def __init__(self, interface):
        self._looks = None

    def active(self, on):
        pass

    def connect(self, name, password):
        print("joining", name)
        self._looks = 0

    def isconnected(self):
        if self._looks is None:
            return False
        self._looks += 1
        return self._looks > 3
