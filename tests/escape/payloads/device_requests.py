# expect: ok
# attack: B29 sends requests to devices, files and sockets that are no terminals
# weaken: seccomp
import os
import socket

import attack

random = os.open("/dev/urandom", os.O_RDONLY)
file = os.open("file", os.O_RDWR | os.O_CREAT)
unix = socket.socket(socket.AF_UNIX)
FS_IOC_SETFLAGS, FICLONE, SIOCGIFCONF, RNDGETENTCNT, KVM_GET_API_VERSION = (
    0x40086602, 0x40049409, 0x8912, 0x80045200, 0xAE00)
attack.verdict(
    attack.expect_denied("ioctl", file, FS_IOC_SETFLAGS, None),
    attack.expect_denied("ioctl", file, FICLONE, file),
    attack.expect_denied("ioctl", unix.fileno(), SIOCGIFCONF, None),
    attack.expect_denied("ioctl", random, RNDGETENTCNT, None),
    attack.expect_denied("ioctl", random, KVM_GET_API_VERSION, 0),
)
