"""The system-call filter of a running process, as the kernel has it: read by ptrace(2), which root may, and followed by every path.

So a filter's refusal can be told from the kernel's own, which a program inside cannot do: both say EPERM."""
import ctypes
import os
import struct

PTRACE_INTERRUPT, PTRACE_SEIZE, PTRACE_DETACH, PTRACE_SECCOMP_GET_FILTER = 0x4207, 0x4206, 17, 0x420c  # linux/ptrace.h
WALL = 0x40000000
X86_64 = 0xC000003E  # AUDIT_ARCH_X86_64
ALLOW, LOG = 0x7FFF0000, 0x7FFC0000  # linux/seccomp.h

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def _ptrace(request, pid, address=None, data=None):
    result = libc.ptrace(request, pid, address, data)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace({request:#x}) of process {pid}: {os.strerror(error)}")
    return result


def filters_of(pid):
    """A list of filters, each a list of (code, jump if true, jump if false, k)."""
    _ptrace(PTRACE_SEIZE, pid)
    try:
        _ptrace(PTRACE_INTERRUPT, pid)
        os.waitpid(pid, WALL)
        filters = []
        while True:
            try:
                count = _ptrace(PTRACE_SECCOMP_GET_FILTER, pid, len(filters))
            except FileNotFoundError:
                return filters
            buffer = ctypes.create_string_buffer(8 * count)
            _ptrace(PTRACE_SECCOMP_GET_FILTER, pid, len(filters), buffer)
            filters.append(list(struct.iter_unpack("=HBBI", buffer.raw)))
    finally:
        _ptrace(PTRACE_DETACH, pid)


def _operate(code, accumulator, k):
    if accumulator is None:
        return None
    kind = code & 0xF0
    results = {0x00: accumulator + k, 0x10: accumulator - k, 0x40: accumulator | k, 0x50: accumulator & k,
               0x60: accumulator << k % 32, 0x70: accumulator >> k % 32, 0xA0: accumulator ^ k}
    return results[kind] & 0xFFFF_FFFF if kind in results and not code & 0x08 else None


def _jumps(code, accumulator, k):
    """Which ways a condition may go; both where it depends on an argument."""
    if accumulator is None or code & 0x08:
        return True, False
    return ({0x10: accumulator == k, 0x20: accumulator > k, 0x30: accumulator >= k, 0x40: bool(accumulator & k)}[code & 0xF0],)


def lets_through(program, number):
    """Whether there are arguments with which this filter allows system call `number`."""
    known = {0: number, 4: X86_64}
    todo, seen = [(0, 0)], set()
    while todo:
        state = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        at, accumulator = state
        code, if_true, if_false, k = program[at]
        kind = code & 0x07
        if kind == 0x06:  # RET
            if (accumulator if code & 0x18 == 0x10 else k) in (ALLOW, LOG):
                return True
        elif kind == 0x05:  # JMP
            if code & 0xF0 == 0:
                todo.append((at + 1 + k, accumulator))
            else:
                todo += [(at + 1 + (if_true if way else if_false), accumulator) for way in _jumps(code, accumulator, k)]
        elif kind == 0x00:  # LD
            todo.append((at + 1, known.get(k) if code & 0xE0 == 0x20 else k if code & 0xE0 == 0 else None))
        elif kind == 0x04:  # ALU
            todo.append((at + 1, _operate(code, accumulator, k)))
        elif kind == 0x07 and code & 0xF8 == 0x80:  # TXA
            todo.append((at + 1, None))
        else:  # LDX, ST, STX, TAX: the accumulator stays
            todo.append((at + 1, accumulator))
    return False


def allowed(filters, numbers):
    return {number for number in numbers if all(lets_through(program, number) for program in filters)}
