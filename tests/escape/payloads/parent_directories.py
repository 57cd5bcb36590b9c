# expect: ok
# attack: A2 climbs out of the workspace with .. and reads a file of the host
# weaken: root
import attack

path = attack.host("file")


def read(name):
    with open(name, "rb") as file:
        return len(file.read())


attack.verdict(
    attack.attempt("absolute", lambda: read(path)),
    attack.attempt("relative", lambda: read("../" * 40 + path)),
    attack.attempt("through /proc/self/cwd", lambda: read("/proc/self/cwd/../../.." + path)),
    attack.attempt("through /proc/self/root", lambda: read("/proc/self/root" + path)),
)
