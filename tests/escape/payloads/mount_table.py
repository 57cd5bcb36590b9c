# expect: ok
# attack: C10 reads places of the host out of its own table of mounts
# weaken: root
# docker: otherwise: the engine mounts /sys, with masks over it; the table shows them
# runsc: absent: gVisor shows a /sys of its own, which tells of no host
import attack

EXPECTED = ("/usr", "/bin", "/sbin", "/lib", "/etc", "/dev", "/proc", "/workspace", "/tmp", "/data", "/run/pysandbox",
            "/environment")
lines = [line.split() for line in open("/proc/self/mountinfo")]
attack.precondition(any(words[4] == "/" for words in lines), "the root is not in the table")
foreign = [words[4] for words in lines if words[4] != "/" and not words[4].startswith(EXPECTED)]
attack.escaped_if(foreign, " ".join(foreign[:20]))
