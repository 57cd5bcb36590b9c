# Looks into the source of a package, or builds a wheel of it: build.py look|build SOURCE MOST_FILES MOST_BYTES [all-is-there].
# Runs in a container of its own. Looking runs nothing of the source; building runs it as PEP 517 says. What cannot be taken
# ends with status 3 and one sentence on standard error.
#
# Looking prints what the source needs to be built, as JSON. Building leaves one wheel in wheel/, or, if the build asks for
# more than it has, wheel/requires.json.
import importlib, importlib.metadata, json, os, posixpath, re, sys, tarfile, zipfile, zlib

SOURCE, WHEEL = "/workspace/source", "/workspace/wheel"
LONGEST_PYPROJECT = 1 << 20
# PEP 517 and PEP 518: what counts when a source does not say it.
OLD_NEEDS, OLD_BACKEND = ["setuptools >= 40.8.0", "wheel"], "setuptools.build_meta:__legacy__"


class Refusal(Exception):
    pass


def shown(text):
    return repr(text if len(text) <= 200 else text[:200] + "...")


def checked(path):
    parts = path.split("/")
    if len(path) > 1000 or len(parts) > 40 or re.search(r"[\x00-\x1f\x7f\\]", path) or any(
        part in ("", ".", "..") or len(part.encode("utf-8", "surrogateescape")) > 255 for part in parts
    ):
        raise Refusal(f"a file in it has the path {shown(path)}")
    return path


# Each regular file of an archive: path, size, whether it is a program, and what opens it.
def files_of_tar(archive):
    for member in archive:
        if member.isdir():
            continue
        path = checked(member.name.removeprefix("./"))
        if member.issym() or member.islnk():
            member = target_of(archive, member, path)
        elif not member.isreg():
            raise Refusal(f"{shown(path)} in it is no regular file")
        yield path, member.size, bool(member.mode & 0o100), lambda member=member: archive.extractfile(member)


# A link becomes a copy of the file it leads to, which must be in the same archive.
def target_of(archive, member, path):
    place = member.linkname
    if member.issym():
        place = posixpath.join(posixpath.dirname(path), place)
    place = posixpath.normpath(place)
    if place.startswith("/") or place.split("/")[0] != path.split("/")[0]:
        raise Refusal(f"the link {shown(path)} in it leads out of it, to {shown(member.linkname)}")
    try:
        found = archive.getmember(place)
    except KeyError:
        found = None
    if found is None or not found.isreg():
        raise Refusal(f"the link {shown(path)} in it leads to no file of it")
    return found


def files_of_zip(archive):
    for info in archive.infolist():
        if info.is_dir():
            continue
        path = checked(info.orig_filename)
        if (info.external_attr >> 28) not in (0, 0o10):
            raise Refusal(f"{shown(path)} in it is no regular file")
        yield path, info.file_size, bool(info.external_attr >> 16 & 0o100), lambda info=info: archive.open(info)


# With bounds, and all in one folder (PEP 625).
def bounded(files, most_files, most_bytes):
    paths, tops, total = set(), set(), 0
    for path, size, is_program, open_it in files:
        total += size
        top, _, rest = path.partition("/")
        if not rest:
            if top == "pax_global_header":
                continue
            raise Refusal(f"{shown(path)} in it lies in no folder")
        if path in paths:
            raise Refusal(f"{shown(path)} is in it twice")
        paths.add(path)
        tops.add(top)
        if len(tops) > 1:
            raise Refusal(f"it has more than one folder: {', '.join(map(shown, sorted(tops)))}")
        if len(paths) > most_files:
            raise Refusal(f"it has more than {most_files} files")
        if total > most_bytes:
            raise Refusal(f"unpacked it has more than {most_bytes} bytes")
        yield path, rest, is_program, open_it


def texts(table, key, default):
    value = table.get(key, default)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Refusal(f"in its pyproject.toml, {key} is no list of texts")
    return value


def toml():
    for name in ("tomllib", "tomli", "pip._vendor.tomli", "setuptools._vendor.tomli"):  # the first is of Python 3.11
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise Refusal("it has a pyproject.toml, and no Python before 3.11 can read that by itself; use a newer one")


def build_system(text):
    if text is None:
        return {"requires": OLD_NEEDS, "backend": OLD_BACKEND, "path": []}
    try:
        table = toml().loads(text.decode("utf-8")).get("build-system")
    except (ValueError, RecursionError) as error:
        raise Refusal(f"its pyproject.toml cannot be read: {error}")
    if table is None:
        return {"requires": OLD_NEEDS, "backend": OLD_BACKEND, "path": []}
    if not isinstance(table, dict) or "requires" not in table:
        raise Refusal("the [build-system] of its pyproject.toml does not say what it requires")
    backend = table.get("build-backend", OLD_BACKEND)
    if not isinstance(backend, str) or not re.fullmatch(r"[\w.]+(:[\w.]+)?", backend):
        raise Refusal(f"its build-backend is {shown(str(backend))}")
    return {"requires": texts(table, "requires", []), "backend": backend, "path": texts(table, "backend-path", [])}


def look(files):
    pyproject, empty = None, True
    for path, rest, _, open_it in files:
        empty = False
        if rest == "pyproject.toml":
            with open_it() as file:
                pyproject = file.read(LONGEST_PYPROJECT + 1)
            if len(pyproject) > LONGEST_PYPROJECT:
                raise Refusal("its pyproject.toml is too long")
    if empty:
        raise Refusal("it is empty")
    print(json.dumps({"requires": build_system(pyproject)["requires"]}))


def extract(files):
    top = None
    for path, _, is_program, open_it in files:
        top = path.partition("/")[0]
        place = SOURCE + "/" + path
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open_it() as source, open(place, "xb") as target:
            while piece := source.read(1 << 18):
                target.write(piece)
        os.chmod(place, 0o755 if is_program else 0o644)
    return SOURCE + "/" + top


def backend_of(system, root):
    sys.path[:] = [entry for entry in sys.path if entry not in ("", "/workspace")]
    for folder in reversed(system["path"]):
        place = os.path.realpath(os.path.join(root, folder))
        if place != root and not place.startswith(root + "/"):
            raise Refusal(f"its backend-path {shown(folder)} leads out of it")
        sys.path.insert(0, place)
    module, _, name = system["backend"].partition(":")
    backend = importlib.import_module(module)
    for part in filter(None, name.split(".")):
        backend = getattr(backend, part)
    return backend


def is_there(requirement):
    if not re.fullmatch(r"\s*[A-Za-z0-9._-]+\s*", requirement):
        return False  # the store knows what its versions mean
    return any(importlib.metadata.distributions(name=requirement.strip(), path=["/environment/site-packages"]))


def build(root, all_is_there):
    try:
        with open(root + "/pyproject.toml", "rb") as file:
            text = file.read()
    except FileNotFoundError:
        text = None
    system = build_system(text)
    os.chdir(root)
    os.mkdir(WHEEL)
    os.environ.setdefault("SOURCE_DATE_EPOCH", "315532800")  # 1980, the first year of zip files
    backend = backend_of(system, root)
    wants = getattr(backend, "get_requires_for_build_wheel", None)
    if wants is not None and not all_is_there:
        needed = [str(one) for one in wants({})]
        if not all(map(is_there, needed)):
            with open(WHEEL + "/requires.json", "w", encoding="utf-8") as file:
                json.dump({"requires": needed}, file)
            return
    backend.build_wheel(WHEEL, {}, None)


def main(mode, path, most_files, most_bytes, *rest):
    opened = zipfile.ZipFile(path) if path.endswith(".zip") else tarfile.open(path, "r:gz")
    with opened as archive:
        files = files_of_zip(archive) if path.endswith(".zip") else files_of_tar(archive)
        files = bounded(files, int(most_files), int(most_bytes))
        if mode == "look":
            return look(files)
        root = extract(files)
    build(root, "all-is-there" in rest)


REFUSED = Refusal, tarfile.TarError, zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, UnicodeError, NotImplementedError
if sys.argv[1] == "build":
    main(*sys.argv[1:])
else:
    try:
        main(*sys.argv[1:])
    except REFUSED as refusal:
        print(str(refusal) or type(refusal).__name__, file=sys.stderr)
        sys.exit(3)
    except OSError as error:  # of gzip: "Not a gzipped file"
        print(error, file=sys.stderr)
        sys.exit(3)
