# expect: ok
# attack: C5 opens what the kernel tells of itself: addresses, keys, timers, command line, core
# weaken: proc
# docker: otherwise: masked files can be opened, and are empty
# runsc: absent: gVisor shows a whole /proc of its own, which tells of no host
import attack

attack.precondition(open("/proc/self/stat").read(), "there is no /proc")
names = ["cmdline", "cpuinfo", "devices", "filesystems", "interrupts", "iomem", "kallsyms", "keys", "kcore", "kmsg",
         "meminfo", "modules", "sched_debug", "schedstat", "slabinfo", "stat", "timer_list", "uptime", "version",
         "sys/kernel/random/boot_id", "sys/kernel/core_pattern", "sys/fs/binfmt_misc", "sysrq-trigger"]
attack.verdict_of_any(*[
    attack.attempt(name, lambda name=name: open(f"/proc/{name}", "rb").read(1)) for name in names
])
