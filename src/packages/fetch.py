# Fetches wheels: fetch.py PLAN. Runs on the host, with the standard library alone; looks into no wheel.
#
# With "only_hashes" it looks only whether the indexes tell the hashes of wheels.
#
# Prints one line of JSON for each that begins, is there, or cannot be had. What an index gave no hash for comes with the
# one that was counted here.
import base64, concurrent.futures, hashlib, json, netrc, os, ssl, sys, threading, time
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


def open_wheel(url):
    scheme = urllib.parse.urlsplit(url).scheme
    if scheme == "file" and plan["local_files"]:
        return open(urllib.parse.unquote(urllib.parse.urlsplit(url).path), "rb")
    if scheme not in ("http", "https"):
        raise ValueError(f"its address is {url!r}, and only http and https can be fetched")
    request = with_authorization(urllib.request.Request(url, headers={"User-Agent": plan["user_agent"]}))
    return opener(url).open(request, timeout=plan["timeout"])


def fetch_once(wheel):
    digest, size = hashlib.sha256(), 0
    with open_wheel(wheel["url"]) as source, open(wheel["path"], "wb") as target:
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
            with open_wheel(f"{index.rstrip('/')}/{wheel['name']}/") as page:
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


with concurrent.futures.ThreadPoolExecutor(plan["at_once"]) as pool:
    list(pool.map(check_told if plan["only_hashes"] else fetch, plan["wheels"]))
