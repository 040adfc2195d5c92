"""A poller whose socket is always ready, unless `ready` is emptied."""

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16


class poll:
    def __init__(self):
        self.ready = []

    def register(self, sock, events):
        self.ready = [(sock, events & (POLLIN | POLLOUT))]

    def unregister(self, sock):
        pass

    def poll(self, timeout):
        return self.ready

    def ipoll(self, timeout):
        return self.ready
