# Process 1 of each container: waits for a program, starts it, ends what it left, and tells about it. It runs as the
# same user as the program and is believed in nothing that protects the host; see ADR 20.
#
# From the host, on standard input: one line of settings, words that end in NUL, an archive (tar) of files, then orders.
# To the host: on standard output and standard error whatever the program prints, then the mark, and on standard output
# the ending and, for as long as the host asks, files.
import sys, posix, select, time, _signal

ROOT = b"/workspace"
OWN = ROOT + b"/.pysandbox"
REPORT_BYTES = 32 << 10
LISTING_BYTES = 8 << 20
MAXIMUM_DEPTH = 16

def read_exactly(count):
    parts = []
    while count > 0:
        part = posix.read(0, min(count, 1 << 18))
        if not part:
            posix._exit(0)  # the host is gone
        parts.append(part)
        count -= len(part)
    return b"".join(parts)

def read_line():
    line = b""
    while not line.endswith(b"\n"):
        line += read_exactly(1)
    return line[:-1]

def write_all(fd, data):
    view = memoryview(data)
    while view:
        view = view[posix.write(fd, view):]

# FILES ----------------------------------------------------------------------------------------------------------------

def make_parents(path):
    place = path.find(b"/", len(ROOT) + 1)
    while place >= 0:
        try:
            posix.mkdir(path[:place], 0o755)
        except FileExistsError:
            pass
        place = path.find(b"/", place + 1)

def make_places():
    posix.umask(0o022)
    posix.mkdir(OWN, 0o755)
    posix.mkdir(OWN + b"/data", 0o755)
    posix.mkdir(OWN + b"/tmp", 0o700)
    posix.chmod(OWN + b"/tmp", 0o1777)
    fd = posix.open(OWN + b"/report", posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC, 0o600)
    posix.posix_fallocate(fd, 0, REPORT_BYTES)
    posix.close(fd)

def take_bytes(size, fd):
    left = size
    while left > 0:
        part = read_exactly(min(left, 1 << 18))
        write_all(fd, part)
        left -= len(part)
    read_exactly(-size % 512)

# Reads what libarchive writes as GNU tar: names of any length, files, and links for what packages need.
def take_archive():
    inputs, stdin, name, target = [], -1, None, None
    while True:
        head = read_exactly(512)
        if head.count(0) == 512:
            read_exactly(512)
            return inputs, stdin
        size = int(head[124:136].rstrip(b"\0 ") or b"0", 8)
        kind = head[156:157]
        if kind in (b"L", b"K"):
            text = read_exactly(size).rstrip(b"\0")
            read_exactly(-size % 512)
            if kind == b"L":
                name = text
            else:
                target = text
            continue
        own = name or head[:100].rstrip(b"\0")
        where, _, rest = own.partition(b"/")
        path = ROOT + b"/" + rest if where == b"workspace" else OWN + b"/" + own
        if kind == b"2":
            make_parents(path)
            posix.symlink(target or head[157:257].rstrip(b"\0"), path)
        elif where == b"stdin":
            stdin = posix.memfd_create("stdin")
            take_bytes(size, stdin)
            posix.lseek(stdin, 0, 0)
        else:
            make_parents(path)
            fd = posix.open(path, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC | posix.O_NOFOLLOW, 0o644)
            take_bytes(size, fd)
            posix.close(fd)
            if where == b"workspace":
                inputs.append(rest)
        name = target = None

def mark_of(status):
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns

def show_in_data(inputs):
    for path in inputs:
        place = OWN + b"/data/" + path
        make_parents(place)
        posix.link(ROOT + b"/" + path, place)

def remember(inputs):
    return {path: mark_of(posix.lstat(ROOT + b"/" + path)) for path in inputs}

def list_directory(path):
    try:
        return sorted(posix.listdir(path))
    except PermissionError:
        posix.chmod(path, 0o700)  # its owner can close a directory to itself
        return sorted(posix.listdir(path))

# What is new or changed, in order; how many directories lie too deep; how many files were too many to tell.
def walk(marks):
    found, used, too_deep, too_many = [], 0, 0, 0
    pending = [(ROOT, 0)]
    while pending:
        directory, depth = pending.pop()
        try:
            names = list_directory(directory)
        except OSError:
            continue
        for name in names:
            if name.startswith(b".") or name == b"__pycache__":
                continue
            path = directory + b"/" + name
            try:
                status = posix.lstat(path)
            except OSError:
                continue
            kind = status.st_mode & 0o170000
            short = path[len(ROOT) + 1:]
            if kind == 0o040000:
                if depth == MAXIMUM_DEPTH:
                    too_deep += 1
                else:
                    pending.append((path, depth + 1))
            elif kind == 0o100000 and marks.get(short) != mark_of(status):
                used += len(short) + 24
                if used > LISTING_BYTES:
                    too_many += 1
                else:
                    found.append((short, status.st_size))
    found.sort()
    return found, too_deep, too_many

# NUMBERS --------------------------------------------------------------------------------------------------------------

def read_small(path):
    try:
        fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return posix.read(fd, 65536)
    except OSError:
        return b""
    finally:
        posix.close(fd)

def number(text):
    words = text.split()
    return int(words[0]) if words and words[0].isdigit() else -1

def field(text, name):
    words = text.replace(b":", b" ").split()
    return int(words[words.index(name) + 1]) if name in words else -1

# The container's own cgroup, which the engine shows read-only; -1 for what it does not tell.
class Cgroup:
    v2 = b"/sys/fs/cgroup/"

    def __init__(self):
        self.unified = bool(read_small(self.v2 + b"cgroup.controllers"))
        self.before = self.cpu()

    def cpu(self):
        if self.unified:
            text = read_small(self.v2 + b"cpu.stat")
            return [field(text, b"user_usec"), field(text, b"system_usec")]
        both = [number(read_small(self.v2 + b"cpuacct/cpuacct.usage_" + kind)) for kind in (b"user", b"sys")]
        return [value // 1000 if value > 0 else value for value in both]

    def cpu_since(self):
        return [now - before if before >= 0 else -1 for now, before in zip(self.cpu(), self.before)]

    def oom_kills(self):
        if self.unified:
            return field(read_small(self.v2 + b"memory.events"), b"oom_kill")
        return field(read_small(self.v2 + b"memory/memory.oom_control"), b"oom_kill")

    def memory_peak(self):
        if self.unified:
            return number(read_small(self.v2 + b"memory.peak"))
        return number(read_small(self.v2 + b"memory/memory.max_usage_in_bytes"))

    def refused_forks(self):
        return field(read_small(self.v2 + (b"pids.events" if self.unified else b"pids/pids.events")), b"max")

    def processes(self):
        return number(read_small(self.v2 + (b"pids.current" if self.unified else b"pids/pids.current")))

# THE PROGRAM ----------------------------------------------------------------------------------------------------------

def become(words, variables, stdin, limits, failed):
    try:
        import resource
        for name in ("SIGPIPE", "SIGXFSZ", "SIGINT"):
            _signal.signal(getattr(_signal, name), _signal.SIG_DFL)
        posix.setsid()
        posix.chdir(ROOT)
        posix.dup2(stdin if stdin >= 0 else posix.open("/dev/null", posix.O_RDONLY), 0)
        for kind, value in (("NOFILE", limits[0]), ("FSIZE", limits[1]), ("CPU", limits[2]), ("STACK", 8 << 20)):
            which = getattr(resource, "RLIMIT_" + kind)
            hard = resource.getrlimit(which)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(which, (value, value))
        posix.execve(words[0], words, variables)
    except OSError as error:
        posix.write(failed, b"%d" % error.errno)
    finally:
        posix._exit(127)

# A moment after execve the kernel still takes it for one of ours, which nobody may look at.
def open_of(pid, name, flags):
    for _ in range(100):
        try:
            return posix.open("/proc/%d/%s" % (pid, name), flags | posix.O_CLOEXEC)
        except PermissionError:
            time.sleep(0.0005)
        except OSError:
            break
    return -1

def start(words, variables, stdin, limits, seen):
    told, failed = posix.pipe()  # both closed by execve
    pid = posix.fork()
    if pid == 0:
        become(words, variables, stdin, limits, failed)
    posix.close(failed)
    error = posix.read(told, 16)
    posix.close(told)
    if not error:
        seen.accounting = open_of(pid, "io", posix.O_RDONLY)
        score = open_of(pid, "oom_score_adj", posix.O_WRONLY)
        if score >= 0:
            posix.write(score, b"1000")  # without memory it dies before we do
            posix.close(score)
    if stdin >= 0:
        posix.close(stdin)
    return pid, int(error or 0)

class Seen:
    def __init__(self):
        self.status, self.leftovers, self.accounting, self.io = -1, 0, -1, b""
        self.peak, self.out_of_memory, self.cpu_observed = 0, 0, 0

def read_accounting(fd):
    try:
        return posix.pread(fd, 4096, 0) if fd >= 0 else b""
    except OSError:
        return b""

# Reaps the dead; true once the program is among them.
def reap(pid, seen):
    while True:
        try:
            dead = posix.waitid(posix.P_ALL, 0, posix.WEXITED | posix.WNOHANG | posix.WNOWAIT)
        except ChildProcessError:
            return True
        if dead is None:
            return False
        if dead.si_pid == pid:
            seen.io = read_accounting(seen.accounting)
            seen.status = posix.waitpid(pid, 0)[1]
            return True
        posix.waitpid(dead.si_pid, 0)

def obey(pid):
    order = posix.read(0, 1)
    if not order:
        posix._exit(0)  # the host is gone: the kernel ends everything with us
    if order == b"x":
        posix.kill(pid, _signal.SIGXCPU)
    elif order == b"a":
        posix.kill(pid, _signal.SIGABRT)
    elif order == b"k":
        posix.kill(-1, _signal.SIGKILL)

LOOK = 0.1  # seconds between two looks at counters that raise no event
DUMP = 0.05  # for faulthandler, after SIGABRT

# The counters that nobody outside can look at as often: memory, and the CPU time of all processes together.
class Counters:
    def __init__(self, pid, cgroup, cpu_limit, grace, seen):
        self.pid, self.cgroup, self.cpu_limit, self.grace, self.seen = pid, cgroup, cpu_limit, grace, seen
        self.kills, self.steps, self.next_step = max(cgroup.oom_kills(), 0), [], 0

    def look(self, now):
        self.seen.peak = max(self.seen.peak, self.cgroup.processes())
        if self.cgroup.oom_kills() > self.kills:  # what lacks one of its processes is of no use to anybody
            self.seen.out_of_memory = 1
            posix.kill(-1, _signal.SIGKILL)
        used = sum(self.cgroup.cpu_since())
        if used >= self.cpu_limit and not self.seen.cpu_observed:
            self.seen.cpu_observed = used
            soft = [(self.pid, _signal.SIGXCPU, self.grace), (self.pid, _signal.SIGABRT, DUMP)] if self.grace else []
            self.steps, self.next_step = [*soft, (-1, _signal.SIGKILL, 0)], now
        if self.steps and now >= self.next_step:
            target, signal, pause = self.steps.pop(0)
            posix.kill(target, signal)
            self.next_step = now + pause

def watch(pid, counters, wakeup, last_resort, seen):
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(wakeup, select.POLLIN)
    now = time.monotonic()
    end, next_look = now + last_resort, now + LOOK
    while not reap(pid, seen):
        ready = [fd for fd, _ in poll.poll(max(int((next_look - now) * 1000), 0) + 1)]
        if wakeup in ready:
            posix.read(wakeup, 4096)
        if 0 in ready:
            obey(pid)
        now = time.monotonic()
        if now >= next_look:
            counters.look(now)
            next_look = now + (DUMP if counters.steps else LOOK)
        if now > end:
            posix.kill(-1, _signal.SIGKILL)

# One kill reaches all: the kernel lets no process fork that has a pending SIGKILL.
def kill_leftovers(seen):
    try:
        posix.kill(-1, _signal.SIGKILL)
    except ProcessLookupError:
        return
    while True:
        try:
            posix.waitpid(-1, 0)
            seen.leftovers += 1
        except ChildProcessError:
            return

# THE END --------------------------------------------------------------------------------------------------------------

def ending(error, seen, cgroup, marks):
    found, too_deep, too_many = walk(marks)
    disk = posix.statvfs(ROOT)
    user, system = cgroup.cpu_since()
    values = {
        "error": error, "status": seen.status, "leftovers": seen.leftovers, "out_of_memory": seen.out_of_memory,
        "cpu_observed": seen.cpu_observed,
        "oom_kills": cgroup.oom_kills(), "refused_forks": cgroup.refused_forks(), "cpu_user": user, "cpu_system": system,
        "memory_peak": cgroup.memory_peak(), "processes_peak": max(seen.peak, 0), "read_bytes": field(seen.io, b"rchar"),
        "written_bytes": field(seen.io, b"wchar"), "disk_bytes": (disk.f_blocks - disk.f_bfree) * disk.f_frsize,
        "disk_inodes": disk.f_files - disk.f_ffree, "too_deep": too_deep, "too_many": too_many}
    head = " ".join("%s=%d" % item for item in values.items()).encode()
    report = read_small(OWN + b"/report")[:REPORT_BYTES].rstrip(b"\0")
    report += b"\0" if report else b""
    files = b"".join(b"%d %s\0" % (size, path) for path, size in found)
    return [path for path, _ in found], b"%d %d %d\n" % (len(head), len(report), len(files)) + head + report + files

def open_closed(path):
    try:
        return posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NOFOLLOW)
    except PermissionError:
        posix.chmod(path, 0o600)
        return posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NOFOLLOW)

def tar_head(name, size, kind):
    head = bytearray(512)
    head[:100] = name[:100].ljust(100, b"\0")
    head[100:108], head[108:116], head[116:124] = b"0000600\0", b"0000000\0", b"0000000\0"
    head[124:136], head[136:148], head[148:156] = b"%011o\0" % size, b"00000000000\0", b" " * 8
    head[156:157], head[257:265] = kind, b"ustar  \0"
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)

def padded(data):
    return data + bytes(-len(data) % 512)

# Exactly as many bytes as the head says: nothing runs that could change the file, but it may be sparse and large.
def send_file(path):
    try:
        fd = open_closed(ROOT + b"/" + path)
    except OSError:
        return
    size = posix.fstat(fd).st_size
    if len(path) > 100:
        write_all(1, tar_head(b"././@LongLink", len(path) + 1, b"L") + padded(path + b"\0"))
    write_all(1, tar_head(path, size, b"0"))
    left = size
    while left > 0:
        part = posix.read(fd, min(left, 1 << 18)) or bytes(min(left, 1 << 18))
        write_all(1, part)
        left -= len(part)
    write_all(1, bytes(-size % 512))
    posix.close(fd)

def serve_files(found):
    while True:
        if read_exactly(1) != b"c":
            continue  # an order that came too late
        for _ in range(int(read_line())):
            send_file(found[int(read_line())])
        write_all(1, bytes(1024))

def main():
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    wakeup, waker = posix.pipe()
    posix.set_blocking(wakeup, False)
    posix.set_blocking(waker, False)
    _signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    _signal.signal(_signal.SIGCHLD, lambda *_: None)
    make_places()
    cgroup, seen = Cgroup(), Seen()
    write_all(1, b"pysandbox-keeper 1 %d\n" % max(sum(cgroup.before), 0))
    mark, *numbers = read_line().split()
    arguments, variables, open_files, file_size, cpu_limit, grace, time_limit, size = map(int, numbers)
    words = read_exactly(size).split(b"\0")[:-1]
    environment = dict(word.split(b"=", 1) for word in words[arguments:arguments + variables])
    inputs, stdin = take_archive()
    code = words[-1]
    show_in_data([path for path in inputs if path != code])
    marks = remember(inputs)
    cpu_seconds = (cpu_limit + grace) // 1000 + 3  # of one process, should we not see it
    pid, error = start(words[:arguments], environment, stdin, [open_files, file_size, cpu_seconds], seen)
    counters = Counters(pid, cgroup, cpu_limit * 1000, grace / 1000, seen)
    watch(pid, counters, wakeup, (time_limit + grace) / 1000 + 2, seen)
    kill_leftovers(seen)
    mark = bytes.fromhex(mark.decode())
    found, text = ending(error, seen, cgroup, marks)
    write_all(2, mark)
    write_all(1, mark + text)
    serve_files(found)

main()
