# expect: ok
# attack: B36 fills the queue of pending signals, whose length all jobs of a user share
# weaken: seccomp
import ctypes
import os
import signal

import attack

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
info = ctypes.create_string_buffer(128)
ctypes.c_int.from_buffer(info, 8).value = -1  # SI_QUEUE
attack.verdict(attack.expect_denied("rt_sigqueueinfo", os.getpid(), signal.SIGRTMIN, info))
