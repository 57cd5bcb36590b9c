import sys

here = sys.path.pop(0)  # the working directory: it will be another one, so nothing is looked for there
import posix, io, os, gc, _ctypes

# The interpreter from which parked ones are forked: loads what most programs need, and lets the library fork it.
# Below serve() it is a parked interpreter: it gets a program, and becomes what an interpreter would be that was started
# for it. Its words: the bootstrap, the modules to load.
class Call(_ctypes.CFuncPtr):
    _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_PYTHONAPI  # keeps the interpreter's lock

# The interpreter's own hook has renewed `random`. These know nothing of forks.
def renew_randomness():
    if "_ssl" in sys.modules:
        sys.modules["_ssl"].RAND_add(posix.urandom(32), 32.0)
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()

def read_words(fd):
    words = posix.pread(fd, posix.fstat(fd).st_size, 0)
    posix.close(fd)
    return [os.fsdecode(word) for word in words.split(b"\0")[:-1]]

def take(words, argument_count):
    sys.orig_argv = words[:argument_count]
    sys.argv = ["-c", *words[5:argument_count]]
    variables = dict(word.split("=", 1) for word in words[argument_count:])
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    for name, value in variables.items():
        if os.environ.get(name) != value:
            os.environ[name] = value

# Its descriptor was /dev/null until now: what a stream has found out about it must be found out again.
def open_again(stream, fd):
    buffer = open(fd, stream.mode + "b", closefd=False)
    buffer.raw.name = stream.name
    again = io.TextIOWrapper(buffer, stream.encoding, stream.errors, "\n", stream.line_buffering, stream.write_through)
    again.mode = stream.mode
    return again

bootstrap = {"__name__": "bootstrap"}
exec(sys.argv[1], bootstrap)
start = bootstrap["start"]
for name in sys.argv[2:]:
    __import__(name)
sys.path.insert(0, here)
for path in [path for path, finder in sys.path_importer_cache.items() if finder is None]:
    del sys.path_importer_cache[path]  # what is not there now may be there then
library = _ctypes.dlopen("/proc/self/fd/5", 2)
posix.close(5)
serve, wait = (Call(_ctypes.dlsym(library, "pysandbox_" + name)) for name in ("serve", "wait"))
gc.collect()
gc.freeze()

serve()
renew_randomness()
argument_count = wait()
take(read_words(3), argument_count)
sys.stdin = sys.__stdin__ = open_again(sys.stdin, 0)
sys.stdout = sys.__stdout__ = open_again(sys.stdout, 1)
sys.stderr = sys.__stderr__ = open_again(sys.stderr, 2)
start(sys.argv.pop(1), "/workspace/" + sys.argv.pop(1), "/run/pysandbox/report")
