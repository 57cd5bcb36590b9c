# Fetches files of packages: fetch.py PLAN. Runs on the host, with the standard library alone; looks into no such file.
#
# With "only_hashes" it looks only whether the indexes tell the hashes of wheels; with "sources_of" it lists which
# sources of one package there are.
#
# Prints one line of JSON for each that begins, is there, or cannot be had. What an index gave no hash for comes with the
# one that was counted here.
import base64, concurrent.futures, hashlib, html.parser, json, netrc, os, re, ssl, sys, threading, time
import urllib.error, urllib.parse, urllib.request

with open(sys.argv[1], encoding="utf-8") as file:
    plan = json.load(file)
talking = threading.Lock()
given_up = threading.Event()


def say(**what):
    with talking:
        print(json.dumps(what), flush=True)


def origin(url):
    parts = urllib.parse.urlsplit(url)
    return parts.scheme + "://" + parts.netloc.rpartition("@")[2]


# Of the operator's addresses; then of ~/.netrc, for the host alone as curl and pip do it.
def authorization(url):
    found = plan["credentials"].get(origin(url))
    if found is None:
        try:
            entry = netrc.netrc(os.environ.get("NETRC")).authenticators(urllib.parse.urlsplit(url).hostname or "")
        except (OSError, netrc.NetrcParseError):
            entry = None
        if entry is None:
            return None
        user, password = entry[0], entry[2]
    else:
        user, _, password = map(urllib.parse.unquote, found.partition(":"))
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


# A redirect leads to http or https; and who gave a password gave it to one host.
class Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, *rest):
        again = super().redirect_request(request, *rest)
        if again is not None and urllib.parse.urlsplit(again.full_url).scheme not in ("http", "https"):
            raise urllib.error.URLError("it leads to " + again.full_url)
        return again and with_authorization(again)


def with_authorization(request):
    if word := authorization(request.full_url):
        request.add_unredirected_header("Authorization", word)
    return request


def opener(url):
    context = ssl.create_default_context(cafile=plan["ca_file"] or os.environ.get("REQUESTS_CA_BUNDLE") or None)
    parts = urllib.parse.urlsplit(url)
    if parts.hostname in plan["trusted_hosts"] or parts.netloc.rpartition("@")[2] in plan["trusted_hosts"]:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return urllib.request.build_opener(Redirects, urllib.request.HTTPSHandler(context=context))


def open_place(url, accept="*/*"):
    scheme = urllib.parse.urlsplit(url).scheme
    if scheme == "file" and plan["local_files"]:
        return open(urllib.parse.unquote(urllib.parse.urlsplit(url).path), "rb")
    if scheme not in ("http", "https"):
        raise ValueError(f"its address is {url!r}, and only http and https can be fetched")
    request = with_authorization(urllib.request.Request(url, headers={"User-Agent": plan["user_agent"], "Accept": accept}))
    return opener(url).open(request, timeout=plan["timeout"])


def fetch_once(wheel):
    digest, size = hashlib.sha256(), 0
    with open_place(wheel["url"]) as source, open(wheel["path"], "wb") as target:
        while piece := source.read(1 << 18):
            if given_up.is_set():
                raise SystemExit
            size += len(piece)
            if size > plan["most_bytes"]:
                raise ValueError(f"it has more than {plan['most_bytes']} bytes")
            digest.update(piece)
            target.write(piece)
        expected = getattr(source, "length", None)  # http.client counts down what is still to come
        if expected:
            raise ConnectionError(f"{expected} bytes are missing at its end")
    if wheel["sha256"] and digest.hexdigest() != wheel["sha256"]:
        raise ValueError(f"its SHA-256 is {digest.hexdigest()}, and the index says {wheel['sha256']}")
    return digest.hexdigest(), size


# What may be better in a moment.
def is_passing(error):
    if isinstance(error, urllib.error.HTTPError):
        return error.code >= 500 or error.code == 429
    return isinstance(error, (OSError, EOFError)) and not isinstance(error, FileNotFoundError)


def fetch(wheel):
    say(event="begin", index=wheel["index"])
    for attempt in range(plan["attempts"]):
        try:
            sha256, size = fetch_once(wheel)
            return say(event="done", index=wheel["index"], sha256=sha256, size=size)
        except Exception as error:
            passing = is_passing(error)
            if not passing or attempt + 1 == plan["attempts"]:
                given_up.set()
                text = str(error) or type(error).__name__
                return say(event="failed", index=wheel["index"], passing=passing, why=text)
        time.sleep(0.5 * 2**attempt)


# Whether one of the indexes tells the hash of a wheel on its page of that package (PEP 503, PEP 691).
def is_told(wheel):
    for index in plan["indexes"]:
        try:
            with open_place(f"{index.rstrip('/')}/{wheel['name']}/") as page:
                if wheel["sha256"].encode() in page.read(64 << 20):
                    return True
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
    return False


def check_told(wheel):
    try:
        told = is_told(wheel)
    except Exception as error:
        return say(event="failed", index=wheel["index"], passing=is_passing(error), why=str(error) or type(error).__name__)
    if told:
        return say(event="done", index=wheel["index"], sha256=wheel["sha256"], size=wheel["size"])
    say(event="failed", index=wheel["index"], passing=False, why="the index tells no SHA-256 of it, and one is required here")


MOST_BYTES_OF_PAGE = 64 << 20
PAGES = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


# The links of a page (PEP 503) as rows of what PEP 691 says of files.
class Links(html.parser.HTMLParser):
    def __init__(self, url):
        super().__init__()
        self.base, self.rows = url, []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "base" and found.get("href"):
            self.base = urllib.parse.urljoin(self.base, found["href"])
        if tag != "a" or not found.get("href"):
            return
        url, _, fragment = urllib.parse.urljoin(self.base, found["href"]).partition("#")
        sha256 = dict(urllib.parse.parse_qsl(fragment)).get("sha256", "")
        self.rows.append({
            "url": url, "sha256": sha256, "requires_python": found.get("data-requires-python") or "",
            "yanked": "data-yanked" in found, "size": 0,
        })


def row_of_json(url, entry):
    size = entry.get("size")
    return {
        "url": urllib.parse.urljoin(url, entry["url"]), "sha256": str(entry.get("hashes", {}).get("sha256", "")),
        "requires_python": str(entry.get("requires-python") or ""), "yanked": bool(entry.get("yanked")),
        "size": size if isinstance(size, int) and 0 <= size < 1 << 60 else 0,
    }


def rows_of_page(url):
    with open_place(url, PAGES) as page:
        text = page.read(MOST_BYTES_OF_PAGE + 1)
        if len(text) > MOST_BYTES_OF_PAGE:
            raise ValueError(f"the page {url} has more than {MOST_BYTES_OF_PAGE} bytes")
        if "json" in page.headers.get("Content-Type", ""):
            rows = [row_of_json(page.url, entry) for entry in json.loads(text)["files"]]
        else:
            links = Links(page.url)
            links.feed(text.decode("utf-8", "replace"))
            rows = links.rows
    return [row for row in rows if urllib.parse.urlsplit(row["url"]).scheme in ("http", "https")]  # never a file of this host


def rows_of_folder(place):
    folder = urllib.parse.unquote(urllib.parse.urlsplit(place).path) if place.startswith("file:") else place
    if not plan["local_files"] or not os.path.isdir(folder):
        return []
    names = sorted(os.listdir(folder))
    return [{"url": "file://" + urllib.parse.quote(os.path.abspath(os.path.join(folder, name))), "sha256": "",
             "requires_python": "", "yanked": False, "size": 0} for name in names]


def is_local(place):
    return place.startswith("file:") or "://" not in place


# Of several indexes the first that has the package: who can add one to another must not come before it.
def rows_of_indexes(name):
    for index in plan["indexes"]:
        place = index.rstrip("/") + "/" + name + "/"
        try:
            if rows := rows_of_folder(place) if is_local(index) else rows_of_page(place):
                return rows
        except urllib.error.HTTPError as error:
            if error.code not in (403, 404, 410):
                raise
    return []


def is_source_of(name, file):
    if not file.endswith((".tar.gz", ".tgz", ".zip")):
        return False
    folded = re.sub(r"[-_.]+", "-", file).lower()
    return folded.startswith(name + "-") and folded[len(name) + 1 : len(name) + 2] not in ("", "-")


def list_sources(name):
    try:
        rows = rows_of_indexes(name)
        for place in plan["find_links"]:
            rows += rows_of_folder(place) if is_local(place) else rows_of_page(place)
    except Exception as error:
        return say(event="failed", index=0, passing=is_passing(error), why=str(error) or type(error).__name__)
    for row in rows:
        file = urllib.parse.unquote(urllib.parse.urlsplit(row["url"]).path.rpartition("/")[2])
        if is_source_of(name, file):
            if not re.fullmatch("[0-9a-f]{64}", row["sha256"]):
                row["sha256"] = ""
            say(event="source", file=file, **row)
    say(event="done", index=0)


if "sources_of" in plan:
    list_sources(plan["sources_of"])
else:
    with concurrent.futures.ThreadPoolExecutor(plan["at_once"]) as pool:
        list(pool.map(check_told if plan["only_hashes"] else fetch, plan["wheels"]))
