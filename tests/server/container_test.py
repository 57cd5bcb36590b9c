"""The server in a container of a real engine, with the options of compose.yaml and none of more privilege; and the files for
that: Dockerfile, compose.yaml, deploy/seccomp.json."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml
from server_process import PROGRAM

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
import docker_engine  # noqa: E402
import oci  # noqa: E402
from contender import CannotRun  # noqa: E402

CI = bool(os.environ.get("CI"))
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMMAND_LINE = str(pathlib.Path(PROGRAM).parent / "pysandbox")
SECRET = "0123456789abcdef"

# In the container: the server with no more than loopback, and jobs over HTTP until one was warm.
JOBS = """
import json, subprocess, sys, time, urllib.request as web
server = subprocess.Popen(['pysandbox-server', '--listen', '127.0.0.1:3004', '--data-dir', '/tmp/data', '--log-level', 'warning'])
def ask(path, body=None):
    fields = {'Content-Type': 'application/json'}
    return json.load(web.urlopen(web.Request('http://127.0.0.1:3004' + path, body and json.dumps(body).encode(), fields)))
for _ in range(300):
    try:
        ask('/ready')
        break
    except OSError:
        time.sleep(0.1)
for _ in range(100):
    result = ask('/api/jobs', {'code': 'print(6 * 7)', 'wait': True})
    if result['isolation']['start'] == 'warm':
        break
    time.sleep(0.1)
server.terminate()
print(json.dumps({'result': result, 'ended': server.wait()}))
"""


def run_options(service):
    """What compose.yaml says of a service, as words of `docker run`."""
    words = [word for name in service["cap_drop"] for word in ("--cap-drop", name)]
    for option in service["security_opt"]:
        name, _, value = option.replace(":", "=", 1).partition("=")
        words += ["--security-opt", f"seccomp={ROOT / value}" if name == "seccomp" else f"{name}={value}"]
    words += [word for place in service["tmpfs"] for word in ("--tmpfs", place)]
    words += ["--memory", re.sub(r"\$\{\w+:-(\w+)\}", r"\1", service["mem_limit"]), "--pids-limit", str(service["pids_limit"])]
    return [*words, *(["--read-only"] if service["read_only"] else []), *(["--init"] if service["init"] else [])]


def add_programs(root):
    for program in (PROGRAM, COMMAND_LINE):
        target = root / "usr/bin" / pathlib.Path(program).name
        subprocess.run(["strip", "-o", target, program], check=True)
        for library in oci.libraries(program):
            place = root / ("usr" + library if not library.startswith("/usr") else library[1:])
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(os.path.realpath(library), place)
    shutil.copy2(os.path.realpath("/bin/sh"), root / "usr/bin/sh")
    shutil.copy2("/bin/cat", root / "usr/bin/cat")
    user = re.search(r"--uid (\d+)", DOCKERFILE).group(1)
    (root / "etc/passwd").write_text(f"pysandbox:x:{user}:{user}::/var/lib/pysandbox:/usr/sbin/nologin\n")
    (root / "etc/group").write_text(f"pysandbox:x:{user}:\n")
    (root / "tmp").chmod(0o1777)
    (root / "run/pysandbox").mkdir(parents=True)


class InAContainer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        place = tempfile.TemporaryDirectory(prefix="pysandbox-container-", dir="/var/tmp")
        cls.addClassCleanup(place.cleanup)
        cls.root = pathlib.Path(place.name) / "root"
        oci.make_root(cls.root, None)
        add_programs(cls.root)
        cls.engine = docker_engine.Engine(cls.root)
        try:
            cls.engine.__enter__()
        except CannotRun as why:
            if CI:
                raise
            raise unittest.SkipTest(str(why)) from why
        cls.addClassCleanup(cls.engine.__exit__)

    def in_container(self, *words, options=None, entrypoint=None):
        """Runs it to its end, as the user of the Dockerfile and with the options of compose.yaml, or with others."""
        options = run_options(COMPOSE["services"]["server"]) if options is None else options
        user = re.search(r"--uid (\d+)", DOCKERFILE).group(1)
        more = ["--entrypoint", entrypoint] if entrypoint else []
        return subprocess.run([docker_engine.DOCKER, "-H", self.engine.socket, "run", "--rm", "--network", "none", "--user", f"{user}:{user}",
                               "--env", "XDG_RUNTIME_DIR=/run/pysandbox", *options, *more, docker_engine.IMAGE, *words],
                              capture_output=True, text=True, timeout=120, env=docker_engine.CLEAN)

    def test_a_program_is_isolated_as_outside(self):
        done = self.in_container("pysandbox", "run", "--json", "-c", "print(1)")
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual((result["outcome"], result["stdout"]), ("ok", "1\n"))
        self.assertEqual(result["isolation"]["namespaces"], ["user", "mount", "pid", "net", "ipc", "uts", "cgroup"])
        self.assertEqual((result["isolation"]["mode"], result["isolation"]["limits"]), ("rootless", "rlimits+watchdog"))

    def test_the_doctor_finds_nothing_missing(self):
        done = self.in_container("pysandbox", "doctor")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("0 failed", done.stdout)

    def test_the_server_runs_jobs_and_parks_interpreters(self):
        done = self.in_container("python3", "-c", JOBS)
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual((told["result"]["stdout"], told["result"]["isolation"]["start"], told["ended"]), ("42\n", "warm", 0))

    def test_it_has_no_privilege_for_that(self):
        status = self.in_container("python3", "-c", "print(open('/proc/self/status').read())").stdout
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        self.assertEqual([int(fields[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb")], [0] * 5)
        self.assertEqual((fields["NoNewPrivs"], fields["Seccomp"]), ("1", "2"))
        self.assertNotIn("0", fields["Uid"].split())
        writes = "import os; print([p for p in ('/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/etc/x') if os.access(p, os.W_OK)])"
        self.assertEqual(self.in_container("python3", "-c", writes).stdout, "[]\n")

    def test_the_profile_takes_nothing_else_away(self):
        calls = (
            "import ctypes, errno; c = ctypes.CDLL(None, use_errno=True)\n"
            "def refused(*words): return c.syscall(*words) == -1 and ctypes.get_errno() == errno.EPERM\n"
            # setns, bpf, io_uring_setup, unshare of a user namespace, keyctl of a description, a mount that is a new one
            "print([refused(*w) for w in ((308, -1, 0), (321, 0, 0, 0), (425, 1, 0), (272, 0x10000000), (250, 6, 0), (165, 0, 0, 0, 0, 0))])")
        self.assertEqual(self.in_container("python3", "-c", calls).stdout, "[True, True, True, True, True, True]\n")

    def test_without_each_option_nothing_runs_and_the_reason_is_told(self):
        options = run_options(COMPOSE["services"]["server"])
        for name, reason in (("seccomp", "starting a container in new namespaces"), ("systempaths", "open the files that a container shall see")):
            with self.subTest(name):
                at = next(i for i, word in enumerate(options) if word.startswith(f"{name}="))
                done = self.in_container("pysandbox", "run", "-c", "print(1)", options=options[:at - 1] + options[at + 1:])
                self.assertEqual(done.returncode, 125, done)
                self.assertIn(reason, done.stderr)

    def test_the_entry_point_takes_the_password_from_its_file(self):
        secret = self.root.parent / "postgres_password"
        secret.write_text(SECRET + "\n")
        program, *words = [word.replace("$$", "$") for word in COMPOSE["services"]["server"]["entrypoint"]]
        options = [*run_options(COMPOSE["services"]["server"]), "--volume", f"{secret}:/run/secrets/postgres_password:ro"]
        done = self.in_container(*words, "--print-config", options=options, entrypoint=program)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('database-url = "postgres://pysandbox:***@postgres/pysandbox"', done.stdout)
        self.assertNotIn(SECRET, done.stdout + done.stderr)


class Compose(unittest.TestCase):
    def test_nothing_is_privileged_and_only_this_machine_is_served(self):
        for name, service in COMPOSE["services"].items():
            with self.subTest(name):
                self.assertFalse({"privileged", "cap_add", "network_mode", "pid", "userns_mode"} & service.keys())
                self.assertTrue(all(port.startswith("127.0.0.1:") for port in service.get("ports", ())))

    def test_the_manual_gives_the_same_options(self):
        manual = (ROOT / "docs/deploy.md").read_text().replace("=deploy/", f"={ROOT}/deploy/")
        words = run_options(COMPOSE["services"]["server"])
        for word in words:
            if word != "no-new-privileges=true":
                self.assertIn(word, manual)

    def test_secrets_are_files_that_are_not_in_the_tree(self):
        for name, secret in COMPOSE["secrets"].items():
            self.assertTrue(secret["file"].startswith("./secrets/"), name)
        self.assertIn("/secrets/", (ROOT / ".gitignore").read_text().split())
        self.assertIn("secrets", (ROOT / ".dockerignore").read_text().split())
        self.assertEqual([service.get("secrets") for service in COMPOSE["services"].values()], [["postgres_password"]] * 3)

    def test_each_service_says_when_it_is_ready(self):
        self.assertEqual(COMPOSE["services"]["server"]["depends_on"], {"postgres": {"condition": "service_healthy"}})
        self.assertIn("pg_isready", COMPOSE["services"]["postgres"]["healthcheck"]["test"])
        self.assertRegex(DOCKERFILE, r"HEALTHCHECK[^\n]*\\\n[^\n]*/ready")

    def test_compose_reads_it(self):
        if shutil.which("docker-compose") is None:
            self.assertFalse(CI, "docker-compose is missing; install it")
            self.skipTest("docker-compose is missing")
        with tempfile.TemporaryDirectory() as place:
            shutil.copy(ROOT / "compose.yaml", place)
            for directory in ("secrets", "deploy"):
                (pathlib.Path(place) / directory).mkdir()
            shutil.copy(ROOT / "deploy/seccomp.json", pathlib.Path(place) / "deploy")
            (pathlib.Path(place) / "secrets/postgres_password").write_text(SECRET)
            done = subprocess.run(["docker-compose", "--profile", "docker", "config"], cwd=place, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(set(yaml.safe_load(done.stdout)["services"]), {"server", "server-docker", "postgres"})
        self.assertNotIn(SECRET, done.stdout)


class Image(unittest.TestCase):
    def test_every_library_that_the_programs_need_is_in_a_package_of_the_dockerfile(self):
        installed = set(re.search(r"--no-install-recommends \\\n(.*?) \\\n && rm", DOCKERFILE, re.DOTALL).group(1).split())
        of_every_debian = {"libc6", "libgcc-s1", "libstdc++6"}
        for program in (PROGRAM, COMMAND_LINE):
            dynamic = subprocess.run(["objdump", "-p", program], capture_output=True, text=True, check=True).stdout
            for library in re.findall(r"NEEDED\s+(\S+)", dynamic):
                if library.startswith(("libasan", "libubsan", "libtsan")):
                    continue
                path = next(path for path in oci.libraries(program) if pathlib.Path(path).name == library)
                owners = {self.owner(path), self.owner(os.path.realpath(path))}
                self.assertTrue(owners & (installed | of_every_debian), f"{library} of {owners} is not in the Dockerfile")

    def owner(self, path):
        """The package of a file, which may be listed as it was before /usr was merged."""
        for name in (path, path.removeprefix("/usr"), "/usr" + path):
            done = subprocess.run(["dpkg", "-S", name], capture_output=True, text=True)
            if done.returncode == 0:
                return done.stdout.split(":")[0]
        return None


if __name__ == "__main__":
    unittest.main()
