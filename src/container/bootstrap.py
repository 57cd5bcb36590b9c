import sys, posix, _signal

# Runs in every container before the program, so it is short and imports nothing that is not loaded
# already. What is needed only when something goes wrong comes as source and is compiled then.
def start(report_source, path, report_path):
    pid = posix.getpid()

    def report(*what):
        if posix.getpid() == pid:
            scope = {}
            exec(report_source, scope)
            scope["report"](report_path, path, *what)

    # SIGXCPU, since nobody else sends it: a handler for SIGTERM would be inherited by forked workers, and
    # whoever ends those by SIGTERM relies on its default.
    def soft_stop(signal, frame):
        _signal.signal(signal, _signal.SIG_IGN)
        report("stopped", None, frame)
        own = _signal.getsignal(_signal.SIGTERM)
        if callable(own):
            return own(_signal.SIGTERM, frame)
        raise SystemExit(128 + _signal.SIGTERM)

    _signal.signal(_signal.SIGXCPU, soft_stop)
    sys.stdout.reconfigure(line_buffering=True)
    sys.argv[0] = path
    sys.path[0] = path.rpartition("/")[0]
    packages = "/environment/site-packages"
    if packages in sys.path:  # PYTHONPATH put it before the standard library, which no package shall replace
        sys.path.remove(packages)
        library = [i for i, entry in enumerate(sys.path) if entry.endswith("/lib-dynload")]
        sys.path.insert(library[0] + 1 if library else len(sys.path), packages)
    bootstrap = sys.modules["__main__"]  # keeps these globals alive
    main = sys.modules["__main__"] = type(sys)("__main__")
    main.__dict__.update(__file__=path, __builtins__=__builtins__, __cached__=None)
    try:
        with open(path, "rb") as source:
            code = compile(source.read(), path, "exec", 0, True)
        exec(code, main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        frames = error.__traceback__.tb_next
        try:
            report("exception", error, frames)
        finally:
            sys.excepthook(type(error), error.with_traceback(frames), frames)
        raise SystemExit(1) from None
    finally:
        _signal.signal(_signal.SIGXCPU, _signal.SIG_IGN)

if __name__ == "__main__":  # a zygote starts what it was told
    start(sys.argv.pop(1), "/workspace/" + sys.argv.pop(1), "/run/pysandbox/report")
