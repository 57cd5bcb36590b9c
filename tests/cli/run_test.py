"""The program `pysandbox`, started as a user starts it. PYSANDBOX names it."""
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.environ["PYSANDBOX"]
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
CI = bool(os.environ.get("CI"))


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.dir = pathlib.Path(self.place.name)

    def run_it(self, *words, **options):
        options.setdefault("timeout", 60)
        return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, cwd=self.dir, **options)

    def write(self, name, content):
        path = self.dir / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def assert_one_clear_line(self, done, *parts):
        self.assertEqual(done.returncode, 125, done)
        self.assertEqual(done.stdout, b"")
        text = done.stderr.decode()
        self.assertEqual(text.count("\n"), 1, text)
        self.assertTrue(text.startswith("pysandbox: "), text)
        for part in parts:
            self.assertIn(part, text)
        self.assertLess(len(text), 600)


class Running(CommandLine):
    def test_the_main_job_leaves_its_files_in_results(self):
        done = self.run_it("run", EXAMPLES / "iris/summarize.py", "--data", EXAMPLES / "iris/iris.csv", "--out", "results")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"150 flowers of 3 species", done.stdout)
        self.assertEqual(sorted(os.listdir(self.dir / "results")), ["output.txt", "summary.json"])
        summary = json.loads((self.dir / "results/summary.json").read_text())
        self.assertEqual(summary["species"]["setosa"], {
            "count": 50,
            "mean": {"sepal_length": 5.006, "sepal_width": 3.428, "petal_length": 1.462, "petal_width": 0.246}})

    def test_code_comes_from_the_command_line_or_from_standard_input(self):
        self.assertEqual(self.run_it("run", "-c", "print(6 * 7)").stdout, b"42\n")
        self.assertEqual(self.run_it("run", "-", input=b"print(6 * 7)").stdout, b"42\n")

    def test_arguments_reach_the_program_by_flag_and_after_two_dashes(self):
        code = "import sys; print(sys.argv[1:])"
        self.assertEqual(self.run_it("run", "-c", code, "--arg", "a b", "--arg=--x").stdout, b"['a b', '--x']\n")
        self.assertEqual(self.run_it("run", "-c", code, "--", "-v", "x y").stdout, b"['-v', 'x y']\n")
        script = self.write("s.py", code)
        self.assertEqual(self.run_it("run", script, "--", "1", "2").stdout, b"['1', '2']\n")

    def test_variables_are_given_or_passed_on_and_no_others(self):
        code = "import os; print(os.environ.get('A'), os.environ.get('B'), os.environ.get('C'))"
        done = self.run_it("run", "-c", code, "--env", "A=x=y", "--env", "B", env={**os.environ, "B": "mine", "C": "secret"})
        self.assertEqual(done.stdout, b"x=y mine None\n")

    def test_standard_input_comes_from_a_file_or_from_ours(self):
        code = "import sys; print(sys.stdin.read().upper())"
        self.assertEqual(self.run_it("run", "-c", code, "--stdin", "-", input=b"abc").stdout, b"ABC\n")
        self.assertEqual(self.run_it("run", "-c", code, "--stdin", self.write("in", "def")).stdout, b"DEF\n")
        self.assertEqual(self.run_it("run", "-c", code, input=b"abc").stdout, b"\n")

    def test_several_data_files_are_all_there(self):
        files = [self.write("a.txt", "1"), self.write("grün b.txt", "2")]
        done = self.run_it("run", "-c", "import os; print(sorted(os.listdir('/data')))", "--data", *files)
        self.assertEqual(done.stdout.decode(), "['a.txt', 'grün b.txt']\n")

    def test_only_the_output_that_is_named_is_kept(self):
        code = "import os; os.mkdir('sub'); [open(n, 'w').close() for n in ('a.csv', 'b.txt', 'sub/c.csv', 'sub/d.png')]"
        done = self.run_it("run", "-c", code, "--output", "*.csv", "--output", "sub/*.png", "--out", "results")
        self.assertEqual(done.returncode, 0, done.stderr)
        kept = sorted(str(p.relative_to(self.dir / "results")) for p in (self.dir / "results").rglob("*") if p.is_file())
        self.assertEqual(kept, ["a.csv", "sub/d.png"])
        done = self.run_it("run", "-c", code, "--output", "**/*.csv", "--json")
        self.assertEqual([a["path"] for a in json.loads(done.stdout)["artifacts"]], ["a.csv", "sub/c.csv"])

    def test_json_prints_one_object_with_every_key(self):
        done = self.run_it("run", "-c", "print('x'); open('f.csv','w').write('1,2'); 1/0", "--json")
        result = json.loads(done.stdout)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, b"")
        self.assertEqual(set(result), {
            "outcome", "exit_code", "signal", "stdout", "stderr", "stdout_truncated", "stderr_truncated", "error", "failure",
            "usage", "isolation", "artifacts", "environment", "warnings"})
        self.assertEqual((result["outcome"], result["exit_code"], result["signal"]), ("exception", 1, None))
        self.assertEqual((result["error"]["name"], result["error"]["line"]), ("ZeroDivisionError", 1))
        self.assertEqual(result["artifacts"][0]["path"], "f.csv")
        self.assertEqual(result["artifacts"][0]["content_type"].split(";")[0], "text/csv")

    def test_exit_codes_say_what_happened(self):
        self.assertEqual(self.run_it("run", "-c", "pass").returncode, 0)
        self.assertEqual(self.run_it("run", "-c", "1/0").returncode, 1)
        self.assertEqual(self.run_it("run", "-c", "import sys; sys.exit(7)").returncode, 7)
        self.assertEqual(self.run_it("run", "-c", "while True: pass", "--timeout", "0.2").returncode, 124)
        self.assertEqual(self.run_it("run", "-c", "x = bytearray(1 << 28)", "--memory", "64").returncode, 137)
        self.assertEqual(self.run_it("run", "-c", "import os; os.kill(os.getpid(), 15)").returncode, 143)
        self.assertEqual(self.run_it("run", "-c", "import os; os.abort()").returncode, 134)

    def test_a_limit_is_explained_on_one_line(self):
        done = self.run_it("run", "-c", "x = bytearray(1 << 28)", "--memory", "64")
        self.assertIn(b"memory_limit: memory_bytes", done.stderr)

    def test_output_is_there_before_the_program_ends(self):
        process = subprocess.Popen([PROGRAM, "run", "-c", "print('now')\nimport time\ntime.sleep(60)"], stdout=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"now\n")
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20), 130)
        process.stdout.close()

    def test_the_program_ends_when_nobody_reads_it(self):
        process = subprocess.Popen([PROGRAM, "run", "-c", "while True: print('x' * 1000)"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process.stdout.read(10)
        process.stdout.close()
        self.assertEqual(process.wait(20), 130)

    def test_bytes_that_are_no_text_pass_unchanged(self):
        done = self.run_it("run", "-c", "import sys; sys.stdout.buffer.write(bytes(range(256)))")
        self.assertEqual(done.stdout, bytes(range(256)))

    def test_a_script_keeps_its_name_in_tracebacks(self):
        done = self.run_it("run", self.write("tool.py", "def f():\n    raise ValueError('no')\nf()\n"))
        self.assertIn(b'File "/workspace/tool.py", line 2, in f', done.stderr)

    def test_a_byte_order_mark_and_a_coding_comment_are_understood(self):
        self.assertEqual(self.run_it("run", self.write("a.py", b"\xef\xbb\xbfprint('\xc3\xa9')")).stdout, b"\xc3\xa9\n")
        self.assertEqual(self.run_it("run", self.write("b.py", b"# coding: latin-1\nprint('\xe9')")).stdout, b"\xc3\xa9\n")


class BadInput(CommandLine):
    def test_a_missing_script_is_named(self):
        self.assert_one_clear_line(self.run_it("run", "no.py"), "no.py", "No such file")

    def test_no_script_at_all_is_said(self):
        self.assert_one_clear_line(self.run_it("run"), "no program given")

    def test_a_runner_is_chosen_by_name(self):
        self.assert_one_clear_line(self.run_it("run", "-c", "1", "--runner", "podman"), "--runner")
        self.assert_one_clear_line(self.run_it("run", "-c", "1", "--runtime", "runc"), "belongs to the oci runner")
        self.assert_one_clear_line(self.run_it("run", "-c", "1", "--image", "python"), "belongs to the docker runner")
        self.assert_one_clear_line(self.run_it("run", "-c", "1", "--min-isolation", "vm_like"), "a kernel of its own")
        self.assert_one_clear_line(
            self.run_it("run", "-c", "1", "--runner", "oci", "--runtime", "no-such-runtime"),
            "no-such-runtime" if os.geteuid() == 0 else "only root")

    def test_a_runtime_runs_programs_too(self):
        if os.geteuid() != 0:
            self.skipTest("only root can use the oci runner")
        for runtime, boundary in (("runc", "process"), ("runsc", "vm_like")):
            if not any(os.access(f"{place}/{runtime}", os.X_OK) for place in ("/usr/sbin", "/usr/bin")):
                self.assertFalse(CI, f"there is no {runtime} here")
                self.skipTest(f"there is no {runtime} here")
            done = self.run_it("run", "-c", "print(6 * 7)", "--runner", "oci", "--runtime", runtime, "--json")
            result = json.loads(done.stdout)
            self.assertEqual((result["outcome"], result["stdout"]), ("ok", "42\n"), done)
            self.assertEqual(result["isolation"]["runner"], "oci")
            self.assertEqual(result["isolation"]["boundary"], boundary)
            self.assertTrue(result["isolation"]["runtime"].startswith(runtime + " "))

    def test_a_directory_is_neither_a_script_nor_data(self):
        (self.dir / "d").mkdir()
        self.assert_one_clear_line(self.run_it("run", "d"), "d is a directory")
        self.assert_one_clear_line(self.run_it("run", "-c", "1", "--data", "d"), "d", "director")
        self.assert_one_clear_line(self.run_it("run", "-c", "1", "--data", "d/"), "d", "director")

    def test_data_that_cannot_be_read_is_named(self):
        self.assert_one_clear_line(self.run_it("run", "-c", "1", "--data", "no.csv"), "no.csv")
        os.mkfifo(self.dir / "fifo")
        self.assert_one_clear_line(self.run_it("run", "-c", "1", "--data", "fifo"), "fifo")
        self.assert_one_clear_line(self.run_it("run", "-c", "1", "--data", "/dev/zero"), "/dev/zero")

    def test_two_inputs_of_one_name_are_refused(self):
        (self.dir / "x").mkdir()
        self.write("a.csv", "1")
        self.write("x/a.csv", "2")
        self.assert_one_clear_line(self.run_it("run", "-c", "1", "--data", "a.csv", "x/a.csv"), "a.csv")

    def test_garbage_is_not_a_program(self):
        self.assert_one_clear_line(self.run_it("run", self.write("g.py", bytes(range(128, 256)) * 10)), "UTF-8")
        self.assert_one_clear_line(self.run_it("run", self.write("n.py", b"print(1)\0")), "NUL", "8")

    def test_a_script_of_fifty_megabytes_is_too_large(self):
        self.assert_one_clear_line(self.run_it("run", self.write("big.py", b"#" * (50 << 20))), "big.py")

    def test_absurd_limits_are_refused(self):
        for words in (["--timeout", "-1"], ["--timeout", "nan"], ["--timeout", "inf"], ["--timeout", "1e99"], ["--timeout", "x"],
                      ["--memory", "0"], ["--memory", "-5"], ["--memory", "99999999999999999999"], ["--cpus", "0"], ["--cpus", "nan"],
                      ["--limit", "processes=1e30"], ["--limit", "processes="], ["--limit", "nonsense=1"], ["--limit", "processes"]):
            with self.subTest(words):
                self.assert_one_clear_line(self.run_it("run", "-c", "1", *words))

    def test_a_pattern_that_names_nothing_is_refused(self):
        for pattern in ("/workspace/a", "../a", "a//b", "[a"):
            with self.subTest(pattern):
                self.assert_one_clear_line(self.run_it("run", "-c", "1", f"--output={pattern}"), "pattern")

    def test_unknown_flags_and_commands_are_refused(self):
        self.assert_one_clear_line(self.run_it("run", "-c", "1", "--nonsense"), "nonsense")
        self.assert_one_clear_line(self.run_it("fly"), "fly")
        self.assert_one_clear_line(self.run_it("run", "-c", "1", "--env", "=x"), "--env")

    def test_an_output_directory_that_is_a_file_is_refused(self):
        self.write("out", "x")
        done = self.run_it("run", "-c", "open('a','w')", "--out", "out")
        self.assert_one_clear_line(done, "out")

    @unittest.skipUnless(os.geteuid() == 0 or CI, "only root can mount a small disk")
    def test_a_full_disk_under_out_is_said_and_leaves_nothing_half_written(self):
        disk = self.dir / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], check=True)
        try:
            done = self.run_it("run", "-c", "open('a','w').write('x'*1000); open('b','w').write('x'*1000000)", "--out", disk)
            self.assert_one_clear_line(done, "No space left")
            self.assertLessEqual(set(os.listdir(disk)), {"a"})
        finally:
            subprocess.run(["umount", disk], check=True)

    def test_an_interpreter_that_is_not_there_is_said(self):
        self.assert_one_clear_line(self.run_it("run", "-c", "1", "--python", "/usr/bin/nothing"), "start the interpreter")


class Talking(CommandLine):
    def test_help_and_version_answer(self):
        self.assertEqual(self.run_it("--version").stdout, b"pysandbox 0.1.0\n")
        text = self.run_it("run", "--help").stdout.decode()
        for part in ("--data", "--output", "--limit", "memory_bytes", "Exit codes", "Examples"):
            self.assertIn(part, text)

    def on_terminal(self, words, **environment):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(PROGRAM, [PROGRAM, *words], {**os.environ, "TERM": "xterm", **environment})
        text = b""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                text += os.read(terminal, 65536)
            except OSError:
                break
        os.waitpid(pid, 0)
        os.close(terminal)
        return text.decode()

    def test_a_terminal_shows_progress_until_the_program_speaks(self):
        text = self.on_terminal(["run", "-c", "import time; time.sleep(1.2); print('done')"])
        self.assertIn("running, ", text)
        self.assertTrue(text.rstrip().endswith("done"), text)

    def test_no_terminal_shows_no_progress(self):
        self.assertEqual(self.run_it("run", "-c", "import time; time.sleep(1.2)").stderr, b"")

    def test_colour_is_for_terminals_that_want_it(self):
        limit = ["run", "-c", "while True: pass", "--timeout", "0.1", "--quiet"]
        self.assertIn("\x1b[", self.on_terminal(limit, NO_COLOR=""))
        self.assertNotIn("\x1b[", self.on_terminal(limit, NO_COLOR="1"))

    def test_the_doctor_finds_this_host_fit(self):
        done = self.run_it("doctor")
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        findings = json.loads(self.run_it("doctor", "--json").stdout)["findings"]
        self.assertGreaterEqual(sum(f["name"].startswith("probe: ") for f in findings), 12)
        self.assertNotIn("missing", {f["level"] for f in findings})

    def test_the_doctor_fails_where_nothing_can_run(self):
        done = self.run_it("doctor", "--python", "/usr/bin/nothing")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"fix: install python3", done.stdout)

    def test_shells_can_load_the_completion(self):
        script = self.run_it("completion", "bash").stdout
        probe = script + b"\nCOMP_WORDS=(pysandbox run --me); COMP_CWORD=2; _pysandbox; echo ${COMPREPLY[@]}"
        done = subprocess.run(["bash", "-c", probe.decode()], capture_output=True)
        self.assertEqual(done.stdout, b"--memory\n", done.stderr)
        for shell in ("zsh", "fish"):
            self.assertIn(b"pysandbox", self.run_it("completion", shell).stdout)


if __name__ == "__main__":
    unittest.main()
