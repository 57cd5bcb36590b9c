# expect: ok
# attack: B12 lends pages of shared files to a pipe, as Dirty Pipe did (CVE-2022-0847)
# weaken: seccomp
import ctypes
import os

import attack

source = os.open("/usr/bin/env", os.O_RDONLY)
read_end, write_end = os.pipe()
_, other_write = os.pipe()
target = os.open("copy", os.O_RDWR | os.O_CREAT)
page = ctypes.create_string_buffer(64)
vector = (ctypes.c_uint64 * 2)(ctypes.addressof(page), 64)
attack.verdict(
    attack.expect_denied("splice", source, None, write_end, None, 64, 0),
    attack.expect_denied("tee", read_end, other_write, 64, 2),
    attack.expect_denied("vmsplice", write_end, vector, 1, 2),
    attack.expect_denied("sendfile", write_end, source, None, 64),
    attack.expect_denied("copy_file_range", source, None, target, None, 64, 0),
)
