"""Prints what the stubs promise, after comparing it with the Python sources. For CPython.

A line for each thing: `simple2 MQTTClient publish topic msg retain=False …`, or `… .attribute`.
"""

import ast
import pathlib
import sys

STUBS, SOURCES = (pathlib.Path(argument) for argument in sys.argv[1:])


def parameters(function):
    """`self` is left out; a parameter that has only a place is `/`."""
    given = function.args
    defaults = [None] * (len(given.posonlyargs + given.args) - len(given.defaults))
    defaults += [ast.unparse(default) for default in given.defaults]
    words = []
    for parameter, default in zip(given.posonlyargs + given.args, defaults):
        name = "/" if parameter in given.posonlyargs else parameter.arg
        words.append(name if default is None else f"{name}={default}")
    if given.vararg or given.kwarg:
        return ["*"]
    return words[1:] if words and words[0] in ("self", "/self") else words


def things(tree):
    """{(class or "", name): parameters, or None for what is not called}"""
    found = {}
    for holder, nodes in [("", tree.body)] + [
        (node.name, node.body) for node in tree.body if isinstance(node, ast.ClassDef)
    ]:
        for node in nodes:
            if isinstance(node, ast.FunctionDef):
                found[holder, node.name] = parameters(node)
            elif isinstance(node, ast.ClassDef):
                found[holder, node.name] = None
            elif isinstance(node, ast.AnnAssign):
                found[holder, node.target.id] = None
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found[holder, node.targets[0].id] = None
    return found


def read(path):
    return things(ast.parse(path.read_text()))


wrong = []
for module in "simple2", "robust2", "errno":
    promised = {
        thing: words
        for thing, words in read(STUBS / f"{module}.pyi").items()
        if not (thing[0] == "" and thing[1].startswith("_") and thing[1] != "__version__")
    }
    there = read(SOURCES / f"{module}.py")
    if module == "simple2":
        # What is used now and then has a module of its own, with methods as functions.
        for (_, name), words in read(SOURCES / "_link.py").items():
            there.setdefault(("MQTTClient", name), words)
    for thing, words in there.items():
        promise = promised.get(thing)
        if words is None or promise is None or any(word.startswith("/") for word in promise):
            continue
        # What it takes besides, by itself, is no promise.
        more = words[len(promise) :]
        if words[: len(promise)] != promise or not all("=" in word for word in more):
            wrong.append(f"{module}: {thing}: {words} in Python, {promise} in the stub")
    for (holder, name), words in promised.items():
        what = f".{name}" if words is None else " ".join([name] + words)
        print(module, holder or "-", what)
sys.exit("\n".join(wrong) if wrong else 0)
