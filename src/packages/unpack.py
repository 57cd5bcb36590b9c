# Unpacks one wheel and compiles its modules: unpack.py WHEEL NAME MOST_FILES MOST_BYTES WORKERS. Runs in a container of its
# own; nothing of the wheel is imported or run. What cannot be taken ends with status 3 and one sentence on standard error.
#
# The outcome are files part-0, part-1 and so on, each a row of entries: kind (F file, X program), length of the path,
# length of the content (<cIQ), path, content; and at last kind E with the number of entries before it.
import base64, csv, email.parser, hashlib, importlib.util, io, os, re, stat, struct, sys, warnings, zipfile
from importlib._bootstrap_external import _code_to_hash_pyc

path, name, most_files, most_bytes, workers = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
SITE = "site-packages/"
UNSIGNED = ("/RECORD", "/RECORD.jws", "/RECORD.p7s")  # that RECORD itself gives no hash for


class Refusal(Exception):
    pass


def shown(text):
    return repr(text if len(text) <= 200 else text[:200] + "...")


def is_safe(path):
    parts = path.split("/")
    return len(path) <= 1000 and len(parts) <= 32 and all(
        part not in ("", ".", "..") and len(part.encode("utf-8", "surrogateescape")) <= 255 for part in parts
    ) and not re.search(r"[\x00-\x1f\x7f\\]", path)


def check_member(info):
    if not is_safe(info.filename):
        raise Refusal(f"a file in it has the path {shown(info.orig_filename)}")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise Refusal(f"{shown(info.filename)} in it is no regular file")
    if info.flag_bits & 0x1:
        raise Refusal(f"{shown(info.filename)} in it is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refusal(f"{shown(info.filename)} in it is packed in a way that wheels are not")


def members_of(wheel):
    members = {}
    total = 0
    for info in wheel.infolist():
        if info.orig_filename != info.filename:
            raise Refusal(f"a file in it has the path {shown(info.orig_filename)}")
        if info.is_dir():
            continue
        check_member(info)
        if info.filename in members:
            raise Refusal(f"{shown(info.filename)} is in it twice")
        members[info.filename] = info
        total += info.file_size
        if len(members) > most_files:
            raise Refusal(f"it has more than {most_files} files")
        if total > most_bytes:
            raise Refusal(f"unpacked it has more than {most_bytes} bytes")
    return members


def normalized(text):
    return re.sub(r"[-_.]+", "-", text).lower()


def find_info(members):
    folders = {member.partition("/")[0] for member in members}
    found = [folder for folder in folders if folder.endswith(".dist-info")]
    if len(found) != 1 or normalized(found[0].removesuffix(".dist-info").partition("-")[0]) != name:
        raise Refusal(f"it has no dist-info of {name}, or others beside it")
    return found[0]


def text_of(wheel, members, member, most=1 << 22):
    if member not in members:
        raise Refusal(f"it has no {member}")
    if members[member].file_size > most:
        raise Refusal(f"{member} in it is too long")
    return wheel.read(members[member]).decode("utf-8")


# What RECORD says of each file: its SHA-256 and its size (PEP 376, PEP 427).
def read_record(wheel, members, info):
    record = {}
    for row in csv.reader(io.StringIO(text_of(wheel, members, info + "/RECORD", 1 << 24))):
        if len(row) == 3:
            record[row[0].removeprefix("./")] = row[1], row[2]
    for member in members:
        if member.startswith(info) and member.removeprefix(info) in UNSIGNED:
            record.pop(member, None)
        elif member not in record:
            raise Refusal(f"its RECORD does not know {shown(member)}")
    for member in record:
        if member not in members and not member.endswith(("/", ".pyc")):
            raise Refusal(f"its RECORD names {shown(member)}, which is not there")
    return record


def check_digest(member, digest, record):
    if member not in record:
        return
    algorithm, _, value = record[member][0].partition("=")
    if algorithm != "sha256" or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != value.rstrip("="):
        raise Refusal(f"{shown(member)} is not the file that its RECORD says")


# Where a file goes, and as what; None for what is left out.
def place_of(member, info):
    if member.endswith(".pyc") and "__pycache__/" in member:
        return None  # it might say something else than its source
    data = info.removesuffix(".dist-info") + ".data/"
    if not member.startswith(data):
        return SITE + member, b"F"
    category, _, rest = member.removeprefix(data).partition("/")
    if category in ("purelib", "platlib"):
        return SITE + rest, b"F"
    if category == "scripts":
        return "bin/" + rest, b"X"
    if category == "headers":
        return f"include/{name}/" + rest, b"F"
    if category == "data" and "/" in rest:
        return rest, b"X" if rest.startswith("bin/") else b"F"
    raise Refusal(f"it does not say where {shown(member)} belongs")


class Part:
    def __init__(self, number):
        self.file = open(f"part-{number}", "wb", buffering=1 << 20)
        self.entries = 0

    def begin(self, kind, place, size):
        encoded = place.encode("utf-8", "surrogateescape")
        self.file.write(struct.pack("<cIQ", kind, len(encoded), size) + encoded)
        self.entries += 1

    def add(self, kind, place, content):
        self.begin(kind, place, len(content))
        self.file.write(content)

    def close(self):
        self.file.write(struct.pack("<cIQ", b"E", 0, self.entries))
        self.file.close()


def is_module(place):
    return place.startswith(SITE) and place.endswith(".py")


# Templates and Python 2 have their files in wheels too, so what does not compile is left as it is. The bytecode never
# looks at its source's time (PEP 552, unchecked), since files shared between environments have one time for all.
def compile_modules(wheel, modules, part):
    warnings.simplefilter("ignore")
    for member, place in modules:
        source = wheel.read(member)
        try:
            code = compile(source, "/environment/" + place, "exec", 0, True)
            bytecode = _code_to_hash_pyc(code, importlib.util.source_hash(source), False)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
            continue
        part.add(b"F", importlib.util.cache_from_source(place), bytecode)


def start_workers(modules):
    children = []
    for number in range(1, workers + 1):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                part = Part(number)
                with zipfile.ZipFile(path) as wheel:
                    compile_modules(wheel, modules[number - 1 :: workers], part)
                part.close()
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    return children


def copy_member(wheel, member, info, place, kind, record, part):
    digest, left = hashlib.sha256(), info.file_size
    with wheel.open(info) as source:
        head = source.read(1 << 18)
        digest.update(head)
        left -= len(head)
        if kind == b"X" and head.startswith(b"#!python"):  # PEP 427
            line, newline, rest = head.partition(b"\n")
            head = b"#!" + sys.executable.encode() + newline + rest
        part.begin(kind, place, len(head) + left)
        part.file.write(head)
        while piece := source.read(1 << 18):
            digest.update(piece)
            left -= len(piece)
            part.file.write(piece)
    if left != 0:
        raise Refusal(f"{shown(member)} in it is shorter or longer than it says")
    check_digest(member, digest.digest(), record)


SCRIPT = "#!{python}\nimport sys\nfrom {module} import {first}\n\nsys.exit({function}())\n"


def add_scripts(wheel, members, info, taken, part):
    if info + "/entry_points.txt" not in members:
        return
    section = ""
    for line in text_of(wheel, members, info + "/entry_points.txt").splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line
        found = re.fullmatch(r"([\w.-]+)\s*=\s*([\w.]+)\s*:\s*([\w.]+)\s*(\[.*\])?", line)
        if section != "[console_scripts]" or not found or not is_safe(place := "bin/" + found[1]) or place in taken:
            continue
        taken.add(place)
        text = SCRIPT.format(python=sys.executable, module=found[2], function=found[3], first=found[3].partition(".")[0])
        part.add(b"X", place, text.encode())


def unpack(wheel):
    members = members_of(wheel)
    info = find_info(members)
    format = email.parser.HeaderParser().parsestr(text_of(wheel, members, info + "/WHEEL"))
    if not (format["Wheel-Version"] or "").startswith("1."):
        raise Refusal(f"it is of the format {shown(str(format['Wheel-Version']))}, and only 1 is known")
    record = read_record(wheel, members, info)
    places = {member: found for member in members if (found := place_of(member, info))}
    taken = {place for place, _ in places.values()}
    if len(taken) != len(places):
        raise Refusal("two of its files belong to one place")
    children = start_workers([(member, place) for member, (place, _) in places.items() if is_module(place)])
    part = Part(0)
    for member, (place, kind) in places.items():
        copy_member(wheel, member, members[member], place, kind, record, part)
    add_scripts(wheel, members, info, taken, part)
    part.close()
    if any([os.waitpid(child, 0)[1] for child in children]):
        raise Refusal("compiling one of its modules ends the interpreter")


try:
    with zipfile.ZipFile(path) as wheel:
        unpack(wheel)
except (Refusal, zipfile.BadZipFile, zipfile.LargeZipFile, UnicodeError, csv.Error, EOFError, NotImplementedError) as refusal:
    print(refusal, file=sys.stderr)
    sys.exit(3)
except __import__("zlib").error as refusal:
    print("it cannot be unpacked: " + str(refusal), file=sys.stderr)
    sys.exit(3)
