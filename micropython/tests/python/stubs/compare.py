"""Takes what the stubs promise from standard input, and looks for it in the modules."""

import sys

from umqtt import errno, robust2, simple2

MODULES = {"simple2": simple2, "robust2": robust2, "errno": errno}
# Nobody listens there.
VALUES = {"client_id": "c", "server": "127.0.0.1", "port": 1, "keepalive": 0, "ssl": False}
VALUES.update({"user": None, "password": None, "ssl_params": None, "socket_timeout": 1})
VALUES.update({"message_timeout": 1, "topic": "t", "msg": "m", "retain": False, "qos": 0})
VALUES.update({"dup": False, "pid": 1, "clean_session": True, "timeout": 1, "status": 1})
VALUES.update({"f": lambda *x: None, "resubscribe": True, "data": ("t", "m", False, 0)})


def make(module):
    client = module.MQTTClient("c", "127.0.0.1", 1, socket_timeout=1)
    client.set_callback(print)
    return client


def takes(call, keywords):
    """Whether these are its parameters; what it does with them is not of interest."""
    try:
        call(**keywords)
    except TypeError:
        return False
    except (OSError, simple2.MQTTException):
        pass
    return True


promised = {}
for line in sys.stdin:
    module, holder, name, *words = line.split()
    promised.setdefault((module, holder), []).append(name.lstrip("."))
    if holder == "-":
        there = getattr(MODULES[module], name.lstrip("."), make)
    else:
        there = getattr(make(MODULES[module]), name.lstrip("."), make)
    if there is make:
        print("missing:", line.strip())
    elif not name.startswith(".") and "*" not in words and "/" not in "".join(words):
        keywords = {}
        for word in words:
            keywords[word.split("=")[0]] = VALUES[word.split("=")[0]]
        needed = [word for word in words if "=" not in word]
        client = make(MODULES[module])
        call = there if holder == "-" else getattr(client, name)
        if not takes(call, keywords):
            print("not so:", line.strip())
        if words and takes(call, dict(keywords, nonsense=1)):
            print("takes anything:", line.strip())
        for word in needed:
            call = there if holder == "-" else getattr(make(MODULES[module]), name)
            if takes(call, {other: keywords[other] for other in keywords if other != word}):
                print("does not need", word, "in", line.strip())

for module in "simple2", "robust2":
    names = promised[module, "MQTTClient"] + promised["simple2", "MQTTClient"]
    for name in dir(make(MODULES[module])):
        if not name.startswith("_") and name not in names:
            print("not in the stub:", module, name)
print(sum(len(names) for names in promised.values()), "things")
