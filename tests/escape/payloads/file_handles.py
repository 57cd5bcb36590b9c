# expect: ok
# attack: A13 names files by handle, around every directory permission (the "shocker" exploit)
# weaken: seccomp
import ctypes
import os

import attack

AT_FDCWD = -100
handle = (ctypes.c_ubyte * 136)(128)
mount_id = ctypes.c_int()
attack.verdict(
    attack.expect_denied("name_to_handle_at", AT_FDCWD, b"/workspace", handle, mount_id, 0),
    attack.expect_denied("open_by_handle_at", AT_FDCWD, handle, os.O_RDONLY, optional=True),
)
