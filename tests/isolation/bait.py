"""What an attacker would like to reach, planted on the host: the same as tests/escape/host_bait.cpp plants for the tests."""
import ctypes
import os
import pathlib
import secrets
import shutil
import socket
import tempfile

IPC_CREAT, IPC_EXCL, IPC_RMID = 0o1000, 0o2000, 0
DESCRIPTOR = 40
KINDS = ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup")

libc = ctypes.CDLL(None, use_errno=True)


def namespaces():
    return {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in KINDS}


class Bait:
    """Everybody may read and write it: what keeps a program off must be the sandbox."""

    def __enter__(self):
        self.secret = secrets.token_hex(16)
        # Not below /tmp: every sandbox has a /tmp of its own.
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="pysandbox-isolation-", dir="/var/tmp"))
        self.place.chmod(0o755)
        self.name = self.place.name
        canary = self.place / "canary"
        canary.write_text(self.secret)
        canary.chmod(0o666)
        os.dup2(os.open(canary, os.O_RDONLY), DESCRIPTOR, inheritable=True)
        abstract = f"pysandbox-{secrets.token_hex(8)}"
        self.sockets = []
        for name in (f"{self.place}/socket", f"\0{abstract}"):
            self._listen(socket.AF_UNIX, socket.SOCK_STREAM, name)
            self._listen(socket.AF_UNIX, socket.SOCK_DGRAM, f"{name}.datagrams")
        self._listen(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
        key = secrets.randbelow(1 << 28) + 1
        self.segment = libc.shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0o666)
        self.words = [f"file={canary}", f"socket={self.place}/socket", f"abstract={abstract}", f"port={self.sockets[-1].getsockname()[1]}",
                      f"shm={key}", f"namespaces={','.join(namespaces().values())}"]
        self.environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "PYSANDBOX_CANARY": self.secret}
        return self

    def __exit__(self, *_):
        libc.shmctl(self.segment, IPC_RMID, None)
        os.close(DESCRIPTOR)
        for one in self.sockets:
            one.close()
        shutil.rmtree(self.place, ignore_errors=True)

    def _listen(self, family, kind, address):
        one = socket.socket(family, kind)
        one.bind(address)
        if kind == socket.SOCK_STREAM:
            one.listen(16)
        if isinstance(address, str) and address.startswith("/"):
            os.chmod(address, 0o777)
        self.sockets.append(one)
