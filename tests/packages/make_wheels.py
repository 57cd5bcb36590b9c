# Makes the wheels that the tests of environments use, good ones and hostile ones: make_wheels.py FOLDER
import base64, hashlib, os, stat, sys, zipfile


def record_line(path, content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}\n"


class Wheel:
    def __init__(self, name, version, tag="py3-none-any", needs=()):
        self.info = f"{name}-{version}.dist-info"
        self.file = f"{name}-{version}-{tag}.whl"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(f"Requires-Dist: {n}\n" for n in needs)
        self.members = {
            f"{self.info}/METADATA": metadata.encode(),
            f"{self.info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
        }
        self.infos = {}  # a ZipInfo for members that are no plain files
        self.unrecorded = {}  # not in RECORD
        self.lies = {}  # what RECORD says instead

    def add(self, path, content=b""):
        self.members[path] = content.encode() if isinstance(content, str) else content
        return self

    def write(self, folder):
        record = "".join(record_line(path, self.lies.get(path, content)) for path, content in self.members.items())
        record += f"{self.info}/RECORD,,\n"
        with zipfile.ZipFile(os.path.join(folder, self.file), "w", zipfile.ZIP_DEFLATED) as target:
            for path, content in [*self.members.items(), *self.unrecorded.items(), (f"{self.info}/RECORD", record)]:
                info = self.infos.get(path)
                if info is None:
                    info = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
                    info.external_attr = 0o644 << 16
                    info.compress_type = zipfile.ZIP_DEFLATED
                target.writestr(info, content)
        with open(os.path.join(folder, self.file + ".metadata"), "wb") as target:  # PEP 658
            target.write(self.members[f"{self.info}/METADATA"])


def special(path, mode):
    info = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def good():
    yield Wheel("numlike", "1.0").add("numlike/__init__.py", "value = 41\n").add("numlike/core.py", "x = 1\n" * 50)
    yield Wheel("numlike", "2.0").add("numlike/__init__.py", "value = 42\n").add("numlike/data.bin", bytes(100_000))
    yield Wheel("framelike", "1.0", needs=["numlike>=2"]).add("framelike/__init__.py", "import numlike\nvalue = numlike.value\n")
    yield Wheel("oldlike", "1.0", needs=["numlike<2"]).add("oldlike/__init__.py", "")
    yield Wheel("tool", "1.0").add("tool/__init__.py", "def main():\n    print('tool')\n").add(
        "tool-1.0.dist-info/entry_points.txt", "[console_scripts]\ntool-run = tool:main\n"
    ).add("tool-1.0.data/scripts/tool-script", "#!python\nprint('script')\n").add("tool-1.0.data/data/share/tool/text", "shared\n")
    yield Wheel("elsewhere", "1.0", "cp39-cp39-win_amd64").add("elsewhere/__init__.py", "")
    yield Wheel("cases", "1.0").add("cases/__init__.py", "").add("cases/Name.py", "a = 1\n").add("cases/name.py", "a = 2\n")
    yield Wheel("broken_source", "1.0").add("broken_source/__init__.py", "ok = 1\n").add("broken_source/template.py", "print 'two'\n")
    yield Wheel("first", "1.0").add("first/__init__.py", "").add("shared_folder/__init__.py", "# of first\n")
    yield Wheel("second", "1.0").add("second/__init__.py", "").add("shared_folder/__init__.py", "# of second\n")
    yield Wheel("third", "1.0").add("third/__init__.py", "").add("shared_folder/__init__.py", "# of first\n")


def hostile():
    yield Wheel("climbs", "1.0").add("../../../../../tmp/pysandbox-climbed", "out\n")
    yield Wheel("climbs_inside", "1.0").add("climbs_inside/../../../climbed.py", "out\n")
    yield Wheel("absolute", "1.0").add("/tmp/pysandbox-absolute", "out\n")
    yield Wheel("backslash", "1.0").add("backslash\\..\\x.py", "out\n")
    yield Wheel("data_climbs", "1.0").add("data_climbs-1.0.data/data/../../x/y", "out\n")
    yield Wheel("takes_place", "1.0").add("takes_place-1.0.data/data/matplotlib/fontlist-v1.json", "{}\n")

    links = Wheel("links", "1.0").add("links/passwd", "/etc/passwd")
    links.infos["links/passwd"] = special("links/passwd", stat.S_IFLNK | 0o777)
    yield links
    device = Wheel("device", "1.0").add("device/null", "")
    device.infos["device/null"] = special("device/null", stat.S_IFCHR | 0o666)
    yield device

    yield Wheel("bomb", "1.0").add("bomb/zeros", bytes(300 << 20))
    crowd = Wheel("crowd", "1.0")
    for number in range(100_000):
        crowd.add(f"crowd/{number}.txt")
    yield crowd

    lies = Wheel("record_lies", "1.0").add("record_lies/__init__.py", "evil = 1\n")
    lies.lies["record_lies/__init__.py"] = b"good = 1\n"
    yield lies
    hidden = Wheel("unrecorded", "1.0").add("unrecorded/__init__.py", "")
    hidden.unrecorded["unrecorded/extra.py"] = b"evil = 1\n"
    yield hidden
    twice = Wheel("twice", "1.0").add("twice/__init__.py", "a = 1\n")
    yield twice
    other = Wheel("other_name", "1.0").add("other_name/__init__.py", "")
    other.file = "innocent-1.0-py3-none-any.whl"
    yield other

    marker = "open('/workspace/ran', 'w').write('ran')\nraise SystemExit('code of a package ran')\n"
    yield Wheel("runs_code", "1.0").add("runs_code.pth", "import os; " + marker.replace("\n", "; ").rstrip("; ") + "\n").add(
        "sitecustomize.py", marker
    ).add("usercustomize.py", marker).add("zipfile.py", marker).add("runs_code/__init__.py", marker).add(
        "runs_code/__pycache__/__init__.cpython-311.pyc", b"not the bytecode of its source"
    )
    yield Wheel("deep", "1.0").add("/".join(["deep"] * 40) + "/x.py", "")


def main(folder):
    import warnings

    warnings.simplefilter("ignore")
    for wheel in [*good(), *hostile()]:
        wheel.write(folder)
    path = os.path.join(folder, "twice-1.0-py3-none-any.whl")
    with zipfile.ZipFile(path, "a") as target:
        target.writestr("twice/__init__.py", "a = 2\n")
    with open(os.path.join(folder, "nozip-1.0-py3-none-any.whl"), "wb") as file:
        file.write(b"PK\x03\x04 this is none")


if __name__ == "__main__":
    main(sys.argv[1])
