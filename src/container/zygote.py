import sys

new = set(sys.modules)  # what a new interpreter has
here = sys.path.pop(0)  # the working directory: it will be another one, so nothing is looked for there
import posix, io, os, gc, atexit, _ctypes, _signal, _thread, _weakref

# The interpreter from which parked ones are forked: loads what most programs need, and lets the library fork it.
# Below serve() it is a parked interpreter: it gets a program, and becomes what an interpreter would be that was started
# for it. Its words: the bootstrap, the modules to load, the packages to load. What calls start() then is in
# program_words.cpp.
class Call(_ctypes.CFuncPtr):
    _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_PYTHONAPI  # keeps the interpreter's lock

# The end of a program. The interpreter's own would take down every module that was loaded before the fork, for which it
# must copy all of the zygote's memory: most of the time of a short program. This takes down what the program has made,
# and leaves the rest to the kernel. Whatever is out of the ordinary is left to the interpreter.
ending = []  # the exit status

def end_quickly():
    if len(ending) != 1 or _thread._count() != 0:
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
        names = new_in(sys.modules, loaded)
        take_down(["__main__"] * ("__main__" in sys.modules) + names)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        return
    leave(ending[0])

# To look at a key is to write to it: its references are counted. What is new stands at the end of a dictionary, and if
# the sum is right there is nothing else that is new.
def new_in(scope, old):
    found = []
    for key in reversed(scope):
        if key in old:
            break
        found.append(key)
    if len(scope) == len(old) + len(found):
        return found[::-1]
    return [key for key in scope if key not in old]

# As the interpreter does it (finalize_modules() in its pylifecycle.c): first they are forgotten, and what lives on is
# emptied, private names first.
def take_down(names):
    survivors = [_weakref.ref(module) for name in names if type(module := sys.modules[name]) is type(sys)]
    module = None
    for name in names:
        del sys.modules[name]
    for name in new_in(sys.__dict__, own_names):
        delattr(sys, name)
    gc.collect()
    for survivor in reversed(survivors):
        if (module := survivor()) is None:
            continue
        scope = module.__dict__
        for name in [name for name in scope if name.startswith("_") and not name.startswith("__")]:
            scope[name] = None
        for name in [name for name in scope if name != "__builtins__"]:
            scope[name] = None
    gc.collect()

def note_end(code):
    if code is None:
        ending.append(0)
    elif isinstance(code, int):
        if -(1 << 31) <= code < 1 << 31:
            ending.append(code)
    else:
        ending.append(1)

atexit.register(end_quickly)  # the first, so it is called last

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

# Those that are there. Behind the standard library, as for a program.
def load_packages(names):
    if not names:
        return
    sys.path.append("/environment/site-packages")
    for name in names:
        try:
            __import__(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
    sys.path.remove("/environment/site-packages")

# A program's own modules come before all others but those that a new interpreter has already. Where one has the name
# of one that was loaded here, nothing but a new interpreter will do.
def hides_what_is_loaded(directory):
    for entry in posix.listdir(directory):
        name, _, ending = entry.partition(".")
        if name in ahead and (ending in ("", "py", "pyc") or ending.endswith("so")):
            return True
    return False

def take(words, argument_count):
    sys.orig_argv = words[:argument_count]
    sys.argv = ["-c", *words[5:argument_count]]
    variables = dict(word.split("=", 1) for word in words[argument_count:])
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    for name, value in variables.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
    sys.path[1:1] = os.environ["PYTHONPATH"].split(":") if "PYTHONPATH" in os.environ else []

# What every program will do is done once in the zygote, so that what an interpreter makes when it first needs it is
# there; and once by a process that then tells which pages it needed (see init/working_set.hpp).
def rehearse():
    path = sys.path[:]
    words = sys.orig_argv + [name + "=" + value for name, value in os.environ.items()]
    take([os.fsdecode(word) for word in b"\0".join(map(os.fsencode, words)).split(b"\0")], len(sys.orig_argv))
    hides_what_is_loaded("/workspace")
    streams = [open_again(stream, fd) for fd, stream in enumerate((sys.stdin, sys.stdout, sys.stderr))]
    streams[1].reconfigure(line_buffering=True)
    main = type(sys)("__main__")
    main.__dict__.update(__file__="/workspace/main.py", __builtins__=__builtins__, __cached__=None)
    _signal.signal(_signal.SIGXCPU, rehearse)
    try:
        with open("/dev/null", "rb") as source:
            code = compile(b"print(1)" + source.read(), "/workspace/main.py", "exec", 0, True)
        sys.stdout = streams[1]
        exec(code, main.__dict__)
        raise SystemExit
    except SystemExit:
        sys.stdout = sys.__stdout__
    finally:
        _signal.signal(_signal.SIGXCPU, _signal.SIG_DFL)
    take_down(new_in(sys.modules, loaded))
    sys.path[:] = path

# What programs that have these do, more or less.
usual = {
    "numpy": "a = numpy.arange(600.0).reshape(20, 30)\nprint(a.sum(), (a @ a.T).mean(axis=0), numpy.sort(a[0])[:3])",
    "pandas": "f = pandas.DataFrame({'a': [1, 2, 3], 'b': [1.5, 2.5, 3.5]})\nprint(f, f.sum(), f[f.a > 1])",
}

def use_packages():
    for name, code in usual.items():
        if name in sys.modules:
            try:
                exec("import " + name + "\n" + code, {})
            except BaseException:
                pass  # then its pages come when they are needed

# Its descriptor was /dev/null until now: what a stream has found out about it must be found out again.
def open_again(stream, fd):
    buffer = open(fd, stream.mode + "b", closefd=False)
    buffer.raw.name = stream.name
    again = io.TextIOWrapper(buffer, stream.encoding, stream.errors, "\n", stream.line_buffering, stream.write_through)
    again.mode = stream.mode
    return again

bootstrap = {"__name__": "bootstrap"}
exec(sys.argv[2], bootstrap)
start = bootstrap["start"]
for name in sys.argv[3].split():
    __import__(name)
load_packages(sys.argv[4].split())
sys.path.insert(0, here)
for path in [path for path, finder in sys.path_importer_cache.items() if finder is None]:
    del sys.path_importer_cache[path]  # what is not there now may be there then
library = _ctypes.dlopen("/proc/self/fd/5", 2)
posix.close(5)
calls = ("serve", "rehearsed", "wait", "leave")
serve, rehearsed, wait, leave = (Call(_ctypes.dlsym(library, "pysandbox_" + name)) for name in calls)
loaded = frozenset(sys.modules)
own_names = frozenset(sys.__dict__)
ahead = {name.partition(".")[0] for name in loaded} - new - set(sys.builtin_module_names)
rehearse()
gc.collect()
gc.freeze()

is_scout = serve()
renew_randomness()
if is_scout:
    rehearse()
    use_packages()
    rehearsed()
argument_count = wait()
words = read_words(3)
if hides_what_is_loaded(("/workspace/" + words[6]).rpartition("/")[0]):
    posix.execve(words[0], words[:argument_count], dict(word.split("=", 1) for word in words[argument_count:]))
take(words, argument_count)
sys.stdin = sys.__stdin__ = open_again(sys.stdin, 0)
sys.stdout = sys.__stdout__ = open_again(sys.stdout, 1)
sys.stderr = sys.__stderr__ = open_again(sys.stderr, 2)
