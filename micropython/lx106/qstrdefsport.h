// No names besides those that MicroPython finds by itself.
