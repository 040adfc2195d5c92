"""Files in memory for a board in QEMU, which has no storage."""


def files():
    """Mount an empty file system as the root, and return it."""
    import io, sys, vfs

    class File(io.IOBase):
        def __init__(self, content):
            self.content = content
            self.offset = 0

        def ioctl(self, request, argument):
            close = 4
            return 0 if request == close else -1

        def readinto(self, buffer):
            part = self.content[self.offset : self.offset + len(buffer)]
            buffer[: len(part)] = part
            self.offset += len(part)
            return len(part)

    class Files:
        def __init__(self):
            self.contents = {}

        def make(self, path, size):
            self.contents[path] = memoryview(bytearray(size))

        def write(self, path, offset, digits):
            part = bytes.fromhex(digits)
            self.contents[path][offset : offset + len(part)] = part

        def mount(self, readonly, mkfs):
            pass

        def chdir(self, path):
            pass

        def stat(self, path):
            path = path.strip("/")
            if path in self.contents:
                mode = 0x8000
            elif any(file.startswith(path + "/") for file in self.contents):
                mode = 0x4000
            else:
                raise OSError(2)  # ENOENT
            return (mode,) + 9 * (0,)

        def open(self, path, mode):
            path = path.strip("/")
            if path not in self.contents:
                raise OSError(2)  # ENOENT
            if "b" in mode:
                return File(self.contents[path])
            return io.StringIO(str(self.contents[path], "utf-8"))

    mounted = Files()
    vfs.mount(mounted, "/")
    sys.path[:] = ["/", ".frozen"]
    return mounted


_files = files()
del files
