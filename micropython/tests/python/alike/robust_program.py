"""A program written for the original robust2: it overrides its methods and looks into its queues."""

from stage import *
from umqtt import robust2, simple2


class Device(robust2.MQTTClient):
    MSG_QUEUE_MAX = 3

    def add_msg_to_send(self, data):
        print("  add", data)
        super().add_msg_to_send(data)

    def reconnect(self):
        print("  reconnect")
        return super().reconnect()

    def show(self):
        issue = self.conn_issue and (name_of(self.conn_issue[0]), self.conn_issue[1])
        print("  ", self.msg_to_send, self.sub_to_send, self.msg_to_confirm, self.sub_to_confirm)
        print("  ", self.subs, issue, self.things_to_do(), self.is_conn_issue())


c = Device("device", "127.0.0.1", PORT, socket_timeout=0.3, message_timeout=5)
peer.client = c
c.set_callback(on_message)
c.set_callback_status(on_status)
print(c.DEBUG, c.KEEP_QOS0, c.NO_QUEUE_DUPS, c.CONFIRM_QUEUE_MAX, c.RESUBSCRIBE)
c.show()
tell("publish", c.publish, "t", "one", False, 1)
tell("publish", c.publish, "t", "two")
tell("publish", c.publish, "t", "two")
tell("subscribe", c.subscribe, "cmd/#", 1)
c.show()
tell("send_queue", c.send_queue)
c.show()

peer.answer()
tell("connect", c.connect, False)
c.newpid = simple2.pid_gen()
c.show()
tell("send_queue", c.send_queue)
c.show()
peer.send(b"\x40\x02\x00\x01\x90\x03\x00\x02\x01")
for _ in range(3):
    tell("check_msg", c.check_msg)
c.show()
tell("ping", c.ping)
tell("publish", c.publish, "t", "three", False, 1)
tell("publish", c.publish, "state", "on", True, 1)
c.show()
peer.send(b"\x40\x02\x00\x03\x40\x02\x00\x04\x30\x07\x00\x05cmd/x")
for _ in range(3):
    tell("check_msg", c.check_msg)
c.show()

tell("publish", c.publish, "t", "late", False, 1)
expire(c)
tell("check_msg", c.check_msg)
c.show()
c.msg_to_send.clear()
c.msg_to_confirm = {("t", "mine", False, 1): [99]}
c.rcv_pids[99] = ticks_add(ticks_ms(), 5000)
c.show()
peer.send(b"\x40\x02\x00\x63")
tell("check_msg", c.check_msg)
c.show()

peer.reset()
tell("check_msg", c.check_msg)
c.show()
tell("is_conn_issue", c.is_conn_issue)
peer.answer(b"\x20\x02\x01\x00")
tell("reconnect", c.reconnect)
c.show()
tell("disconnect", c.disconnect)
c.show()
for message in ("a", "b", "c", "d"):
    tell("publish", c.publish, "t", message, False, 1)
c.show()
peer.answer()
tell("connect", c.connect, True)
c.newpid = simple2.pid_gen()
c.show()
tell("resubscribe", c.resubscribe)
c.show()
