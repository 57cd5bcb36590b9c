# expect: ok
# attack: B38 loads a packet filter on a socket of its own, which reaches the kernel's BPF
# weaken: seccomp
import ctypes
import socket

import attack


class Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32)]


class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("steps", ctypes.POINTER(Instruction))]


accept = (Instruction * 1)(Instruction(0x06, 0, 0, 0xFFFF))
one, _ = socket.socketpair()
program = bytes(Filter(1, accept))
attack.verdict(attack.attempt("SO_ATTACH_FILTER", lambda: one.setsockopt(socket.SOL_SOCKET, 26, program)))
