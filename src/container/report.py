# Tells the host why the program ended: see guest_report.cpp for the format. Compiled only when there is
# something to tell.
import posix, traceback

def describe(path, error, frames):
    if error is None:
        # Asked to stop: where it is now, without the bootstrap's own frames.
        stack = [f for f in traceback.extract_stack(frames) if f.filename != "<string>"]
        return stack, "", ["Traceback (most recent call last):\n", *traceback.format_list(stack)]
    return traceback.extract_tb(frames), str(error), traceback.format_exception(type(error), error, frames)

def line_in(path, error, stack):
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno
    lines = [frame.lineno for frame in stack if frame.filename == path]
    return lines[-1] if lines else ""

def report(report_path, path, kind, error, frames):
    name = "" if error is None else type(error).__name__
    value, line, lines = "", "", []
    try:
        stack, value, lines = describe(path, error, frames)
        line = line_in(path, error, stack)
        if isinstance(error, OSError) and error.errno:
            kind = "%s %d" % (kind, error.errno)
        if getattr(error, "errno", None) == 28:  # no space: while the program's files are still open
            disk = posix.statvfs("/workspace")
            kind += " %d %d" % ((disk.f_blocks - disk.f_bfree) * disk.f_frsize, disk.f_files - disk.f_ffree)
    except Exception:
        pass  # an exception whose text cannot be made still has a name
    fields = [kind, name, str(line), value[:4096], "".join(lines)[-20000:], ""]
    data = "\0".join(field.replace("\0", "\\x00") for field in fields).encode("utf-8", "backslashreplace")
    fd = posix.open(report_path, posix.O_WRONLY | posix.O_CLOEXEC)
    posix.write(fd, data[:30000])
    posix.close(fd)
