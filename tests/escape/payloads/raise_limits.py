# expect: ok
# attack: D16 raises each of its resource limits, first of all the size of a core file
# weaken: rlimits
import resource

import attack


def raise_hard_limit(number):
    _, hard = resource.getrlimit(number)
    if hard == resource.RLIM_INFINITY:
        return "there is none"
    try:
        resource.setrlimit(number, (hard + 1, hard + 1))
    except ValueError as error:  # how Python says EPERM here
        raise PermissionError(1, str(error))
    return "raised"


LIMITED = ("CORE", "CPU", "FSIZE", "MEMLOCK", "MSGQUEUE", "NICE", "NOFILE", "NPROC", "RTPRIO", "SIGPENDING", "STACK")
attack.verdict_of_any(*[
    attack.attempt(name, lambda name=name: raise_hard_limit(getattr(resource, f"RLIMIT_{name}"))) for name in LIMITED
])
