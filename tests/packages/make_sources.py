#!/usr/bin/env python3
"""Writes sources of packages, each built by a backend of its own, and a few wheels: make_sources.py FOLDER [SECRET [PORT]].

SECRET is a file of the host that no build may read, PORT one of 127.0.0.1 where somebody listens."""
import io
import os
import stat
import sys
import tarfile
import zipfile

from make_wheels import Wheel

BACKEND = '''
import base64, hashlib, os, sys, zipfile

def write_wheel(directory, files, name={name!r}, version={version!r}, tag="py3-none-any", file=None):
    info = f"{{name}}-{{version}}.dist-info"
    needs = "".join(f"Requires-Dist: {{one}}\\n" for one in {needs!r})
    members = {{info + "/METADATA": f"Metadata-Version: 2.1\\nName: {{name}}\\nVersion: {{version}}\\n" + needs,
               info + "/WHEEL": f"Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: {{tag}}\\n", **files}}
    record = info + "/RECORD,,\\n"
    file = file or f"{{name}}-{{version}}-{{tag}}.whl"
    with zipfile.ZipFile(os.path.join(directory, file), "w") as target:
        for path, content in members.items():
            content = content.encode() if isinstance(content, str) else content
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record += f"{{path}},sha256={{digest}},{{len(content)}}\\n"
            target.writestr(path, content)
        target.writestr(info + "/RECORD", record)
    return file

def build_wheel(directory, config_settings=None, metadata_directory=None):
    {body}
'''


def backend_of(name, version, body, needs=()):
    return BACKEND.format(name=name, version=version, needs=list(needs), body=body.strip().replace("\n", "\n    "))


def plain(name, text):
    return f"return write_wheel(directory, {{{name + '/__init__.py'!r}: {text!r}}})"


class Source:
    def __init__(self, name, version, body=None, needs=(), requires=(), backend="backend", path=('"."',), more=""):
        self.title = f"{name}-{version}"
        body = plain(name, f"value = {version!r}\n") if body is None else body
        system = f'[build-system]\nrequires = {list(requires)!r}\nbuild-backend = "{backend}"\n'
        system += f"backend-path = [{', '.join(path)}]\n" if path else ""
        self.files = {"PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "pyproject.toml": system}
        self.files["backend.py"] = backend_of(name, version, body, needs) + more
        self.specials = []  # TarInfo without content

    def special(self, path, kind, link="", size=0):
        info = tarfile.TarInfo(path)
        info.type, info.linkname, info.size, info.mode = kind, link, size, 0o644
        self.specials.append(info)
        return self

    def write(self, folder, attributes=""):
        path = os.path.join(folder, self.title + ".tar.gz")
        with tarfile.open(path, "w:gz") as target:
            for name, content in self.files.items():
                info = tarfile.TarInfo(f"{self.title}/{name}")
                info.size = len(content.encode())
                target.addfile(info, io.BytesIO(content.encode()))
            for info in self.specials:
                target.addfile(info)
        if attributes:
            with open(path + ".attributes", "w", encoding="utf-8") as file:
                file.write(attributes)

    def write_zip(self, folder):
        with zipfile.ZipFile(os.path.join(folder, self.title + ".zip"), "w") as target:
            for name, content in self.files.items():
                target.writestr(f"{self.title}/{name}", content)


COMPILE = '''
import subprocess, sysconfig
compiler = sysconfig.get_config_var("CC").split()[0]
subprocess.run([compiler, "-shared", "-fPIC", "-I" + sysconfig.get_paths()["include"], "answer.c", "-o", "answer.so"], check=True)
with open("answer.so", "rb") as file:
    return write_wheel(directory, {"answer" + sysconfig.get_config_var("EXT_SUFFIX"): file.read()}, tag=TAG)
'''
ANSWER = """#include <Python.h>
static PyObject* give(PyObject* self, PyObject* none) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"give", give, METH_NOARGS, ""}, {0, 0, 0, 0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "answer", "", -1, methods};
PyMODINIT_FUNC PyInit_answer(void) { return PyModule_Create(&module); }
"""


def good(folder):
    for version in ("1.0", "2.0", "3.0rc1"):
        Source("srclike", version).write(folder)
    Source("srclike", "2.5").write(folder, "data-yanked=\"broken\"")
    Source("srclike", "2.6").write(folder, "data-requires-python=\"&gt;=3.99\"")
    Wheel("needsrc", "1.0", needs=["srclike>=1,<2"]).add("needsrc/__init__.py", "import srclike\n").write(folder)
    Source("half", "2.0").write(folder)
    Wheel("half", "1.0").add("half/__init__.py", "value = '1.0'\n").write(folder)
    Wheel("needshalf", "1.0", needs=["half>=2"]).add("needshalf/__init__.py", "").write(folder)
    Source("srcneeds", "1.0", needs=["srclike<2", "numlike"]).write(folder)
    Source("zipped", "1.0").write_zip(folder)
    linked = Source("linked", "1.0", "return write_wheel(directory, {'linked/__init__.py': open('copy.py').read()})")
    linked.files["real.py"] = "value = 'followed'\n"
    linked.special("linked-1.0/copy.py", tarfile.SYMTYPE, "real.py").write(folder)
    # Built by what another package brings; by what is itself a source; and with what only its backend asks for.
    tool = Wheel("buildtool", "1.0").add("buildtool.py", backend_of("withtool", "1.0", plain("withtool", "value = 'by a tool'\n")))
    tool.write(folder)
    Source("withtool", "1.0", requires=["buildtool"], backend="buildtool", path=()).write(folder)
    text = backend_of("deep", "1.0", plain("deep", "value = 'deep'\n"))
    Source("srcbackend", "1.0", f"return write_wheel(directory, {{'srcbackend.py': {text!r}}})").write(folder)
    Source("deep", "1.0", requires=["srcbackend"], backend="srcbackend", path=()).write(folder)
    body = "import numlike\nreturn write_wheel(directory, {'asksmore/__init__.py': f'value = {numlike.value}\\n'})"
    more = "\ndef get_requires_for_build_wheel(config_settings=None):\n    return ['numlike>=2']\n"
    Source("asksmore", "1.0", body, more=more).write(folder)
    # Two builds of one source that do not have the same bytes.
    body = "return write_wheel(directory, {'changes/__init__.py': 'value = 1\\n', 'changes/when.txt': os.urandom(16).hex()})"
    Source("changes", "1.0", body).write(folder)
    compiled = Source("answer", "1.0", f"TAG = 'cp{sys.version_info[0]}{sys.version_info[1]}-cp{sys.version_info[0]}{sys.version_info[1]}-linux_x86_64'\n" + COMPILE.strip())
    compiled.files["answer.c"] = ANSWER
    compiled.write(folder)


# Tries everything that must not work, and says in its wheel what came of it.
ATTACK = '''
import socket, ctypes
report = []
def attempt(what, action):
    try:
        report.append(f"{what}: SUCCEEDED {action()!r}")
    except BaseException as error:
        report.append(f"{what}: refused, {type(error).__name__}")
def write(path):
    with open(path, "w") as file:
        file.write("escaped")
attempt("read the secret", lambda: open(SECRET).read())
attempt("read the secret by /proc/1/root", lambda: open("/proc/1/root" + SECRET).read())
attempt("read the shadow", lambda: open("/etc/shadow").read())
attempt("write beside the secret", lambda: write(os.path.dirname(SECRET) + "/escaped"))
attempt("write to /usr", lambda: write("/usr/escaped"))
attempt("write to the environment", lambda: write("/environment/site-packages/escaped.py"))
attempt("connect to the host", lambda: socket.create_connection(("127.0.0.1", PORT), 2).sendall(b"GET /escaped HTTP/1.1\\r\\n\\r\\n"))
attempt("connect to a socket", lambda: socket.socket(socket.AF_UNIX).connect("/run/dbus/system_bus_socket"))
attempt("mount", lambda: 1 / (1 + ctypes.CDLL(None).mount(b"none", b"/mnt", b"tmpfs", 0, None)))
attempt("signal others", lambda: [os.kill(pid, 9) for pid in range(1000, 40000) if pid != os.getpid()])
attempt("become root", lambda: os.setuid(0))
return write_wheel(directory, {"attacks/__init__.py": "", "attacks/report.txt": "\\n".join(report) + "\\n"})
'''
FORKS = "import time\nwhile True:\n    if os.fork() == 0:\n        time.sleep(100)"
HUGE = "with open(directory + '/huge-1.0-py3-none-any.whl', 'wb') as file:\n    while True:\n        file.write(bytes(1 << 20))"
# Whoever is left when the hook returns must not change the wheel any more.
LEAVES = '''
file = write_wheel(directory, {"leaves/__init__.py": "value = 'first'\\n"})
if os.fork() == 0:
    os.setsid()
    while True:
        write_wheel(directory, {"leaves/__init__.py": "value = 'later'\\n" + "#" * 100}, file=".new")
        os.replace(directory + "/.new", directory + "/" + file)
return file
'''


# Leaves something everywhere it can, when it is built and when it is imported; says where it could.
MARK = '''
import os, sys

def mark(who):
    text, could = "MARKED" + "-" + who, []
    packages = "/environment/site-packages"
    places = ["/environment", packages, packages + "/numlike", packages + "/numlike/__pycache__", "/environment/bin", "/tmp",
              "/var/tmp", "/dev/shm", "/workspace", "/data", "/run", "/usr/lib/python3/dist-packages", "/usr/local/bin", "/etc", "/"]
    for place in [*places, os.path.expanduser("~"), *filter(None, sys.path)]:
        for name in (text, "sitecustomize.py", "zzz.pth", "__pycache__/" + text):
            try:
                os.makedirs(os.path.dirname(os.path.join(place, name)), exist_ok=True)
                with open(os.path.join(place, name), "a") as file:
                    file.write("# " + text + "\\n")
                could.append(place)
            except OSError:
                pass
    for file in (packages + "/numlike/__init__.py", sys.executable, os.__file__):
        try:
            os.chmod(file, 0o666)
        except OSError:
            pass
        try:
            with open(file, "a") as target:
                target.write("# " + text + "\\n")
            could.append(file)
        except OSError:
            pass
    return sorted(set(could))
'''
MARKS = f'''
scope = {{}}
exec({MARK!r}, scope)
could = scope["mark"]("BY-A-BUILD")
module = {MARK!r} + f"built = {{could!r}}\\nimported = mark('BY-AN-IMPORT')\\n"
return write_wheel(directory, {{"marks/__init__.py": module, "marks/sitecustomize.py": "", "sitecustomize.py": {MARK!r} + "mark('BY-A-START')\\n"}})
'''


def hostile(folder, secret, port):
    def add(name, body, **more):
        Source(name, "1.0", body, **more).write(folder)

    add("attacks", f"SECRET, PORT = {secret!r}, {port}\n" + ATTACK.strip())
    add("marks", MARKS, requires=["numlike"], needs=["numlike"])
    add("forks", FORKS)
    add("sleeps", "import time\ntime.sleep(1000)")
    add("huge", HUGE)
    add("leaves", LEAVES)
    add("fails", "print('looking for a compiler')\nraise RuntimeError('the compiler is on holiday')")
    add("dies", "os.kill(os.getpid(), 11)")
    add("quits", "sys.exit(0)")
    add("climbs", "return write_wheel(directory, {'../../../../../tmp/pysandbox-climbed': 'out'})")
    add("another", "return write_wheel(directory, {'pip/__init__.py': ''}, name='pip')")
    add("older", "return write_wheel(directory, {'older/__init__.py': ''}, version='0.9')")
    add("liar", "return write_wheel(directory, {'pip/__init__.py': ''}, name='pip', file='liar-1.0-py3-none-any.whl')")
    add("foreign", "return write_wheel(directory, {'foreign/__init__.py': ''}, tag='cp39-cp39-win_amd64')")
    add("nothing", "return 'nothing-1.0-py3-none-any.whl'")
    add("twofold", "write_wheel(directory, {})\nreturn write_wheel(directory, {}, tag='py3.py2-none-any')")
    add("strange", "open(directory + '/strange.txt', 'w').close()")
    add("linkwheel", f"os.symlink({secret!r}, directory + '/linkwheel-1.0-py3-none-any.whl')\nreturn ''")
    add("pathout", "return ''", path=('"../../tmp"',))
    add("addresses", "return ''", requires=["numlike @ file:///etc/passwd"])
    add("options", "return ''", requires=["--index-url=http://127.0.0.1:9/"])
    add("lost", "return ''", requires=["nothing-of-that-name"])
    add("asksagain", "return ''", more="\ndef get_requires_for_build_wheel(settings=None):\n    return ['--pre', 'x @ file:///etc']\n")
    for number in range(6):
        add(f"depth_{number}", "return ''", requires=[f"depth-{number + 1}"])
    add("many_0", "return ''", requires=[f"many-{number}" for number in range(1, 6)])
    for number in range(1, 6):
        add(f"many_{number}", plain(f"many_{number}", ""))
    add("cycle_a", "return ''", requires=["cycle-b"])
    add("cycle_b", "return ''", requires=["cycle-a"])

    Source("linkout", "1.0").special("linkout-1.0/passwd", tarfile.SYMTYPE, "/etc/passwd").write(folder)
    Source("linkup", "1.0").special("linkup-1.0/up", tarfile.SYMTYPE, "../../up").write(folder)
    Source("hardlink", "1.0").special("hardlink-1.0/passwd", tarfile.LNKTYPE, "../../etc/passwd").write(folder)
    Source("climbing", "1.0").special("climbing-1.0/../../../tmp/pysandbox-climbed", tarfile.REGTYPE).write(folder)
    Source("rooted", "1.0").special("/tmp/pysandbox-climbed", tarfile.REGTYPE).write(folder)
    Source("device", "1.0").special("device-1.0/null", tarfile.CHRTYPE).write(folder)
    Source("crowded", "1.0").special("elsewhere/file", tarfile.REGTYPE).write(folder)
    Source("bomb", "1.0").special("bomb-1.0/zeros", tarfile.REGTYPE, size=1 << 45).write(folder)
    zipped = Source("ziplink", "1.0")
    zipped.write_zip(folder)
    with zipfile.ZipFile(os.path.join(folder, "ziplink-1.0.zip"), "a") as target:
        info = zipfile.ZipInfo("ziplink-1.0/passwd")
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        target.writestr(info, "/etc/passwd")
    badtoml = Source("badtoml", "1.0")
    badtoml.files["pyproject.toml"] = "[build-system\n"
    badtoml.write(folder)
    with open(os.path.join(folder, "noarchive-1.0.tar.gz"), "wb") as file:
        file.write(b"this is none")


def main(folder, secret="/nowhere", port="9"):
    Wheel("numlike", "1.0").add("numlike/__init__.py", "value = 41\n").write(folder)
    Wheel("numlike", "2.0").add("numlike/__init__.py", "value = 42\n").write(folder)
    good(folder)
    hostile(folder, secret, int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
