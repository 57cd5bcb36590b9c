"""What docs/isolation.md says of native holds: no more than 161 system calls, and no file of the host. And the probe that says
so sees more where nothing isolates it."""
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import backends  # noqa: E402
import isolation_page  # noqa: E402
import kernel_filter  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402

BIN = pathlib.Path(os.environ.get("PYSANDBOX_BIN", "."))
MOST_CALLS = 161
NATIVE = [backends.Native.name, backends.NativeWarm.name]


class IsolationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.found = report.run(BIN.resolve(), [*NATIVE, backends.Nothing.name], with_attacks=False)["backends"]

    def test_native_reaches_few_system_calls_cold_and_warm(self):
        for name in NATIVE:
            with self.subTest(name):
                reached = self.found[name]["reached"]
                self.assertLessEqual(len(reached), MOST_CALLS)
                self.assertGreater(len(reached), 100, "a Python that can do nothing was not measured")

    def test_those_are_the_published_ones(self):
        lines = (measure.PAYLOADS.parent / "reachable_syscalls.txt").read_text().splitlines()
        published = {int(line.split()[0]) for line in lines if not line.startswith("#")}
        for name in NATIVE:
            self.assertLessEqual(set(self.found[name]["reached"]), published, name)

    def test_native_shows_no_file_of_the_host_nor_of_the_kernel(self):
        for name in NATIVE:
            with self.subTest(name):
                found = self.found[name]
                self.assertEqual(found["host_files"], [])
                self.assertEqual((found["proc"], found["sys"]), ({"read": 0, "written": []}, {"read": 0, "written": []}))
                self.assertEqual((found["descriptors"], found["sockets"]), ([], ["AF_UNIX"]))
                self.assertEqual((int(found["status"]["CapEff"], 16), int(found["status"]["CapBnd"], 16)), (0, 0))

    def test_the_same_probe_sees_all_that_where_nothing_isolates_it(self):
        found = self.found[backends.Nothing.name]
        self.assertGreater(len(found["reached"]), MOST_CALLS)
        self.assertTrue(any("pysandbox-isolation-" in path for path in found["host_files"]), "the bait was not found")
        self.assertGreater(found["proc"]["read"], 0)
        self.assertIn(backends.DESCRIPTOR, found["descriptors"])
        self.assertIn("AF_INET", found["sockets"])


class FilterTest(unittest.TestCase):
    """The reader of filters, with one made by hand: read(2) is allowed, ioctl(2) with one request only, all else is refused."""
    PROGRAM = [(0x20, 0, 0, 4), (0x15, 0, 6, 0xC000003E), (0x20, 0, 0, 0), (0x15, 3, 0, 0), (0x15, 0, 3, 16), (0x20, 0, 0, 24),
               (0x15, 0, 1, 0x5401), (0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x00050001)]

    def test_follows_every_path(self):
        self.assertEqual(kernel_filter.allowed([self.PROGRAM], range(400)), {0, 16})

    def test_of_several_filters_each_must_allow(self):
        only_read = [(0x20, 0, 0, 0), (0x15, 0, 1, 0), (0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0)]
        self.assertEqual(kernel_filter.allowed([self.PROGRAM, only_read], range(400)), {0})

    def test_a_refusal_is_the_filters_only_where_it_refuses(self):
        calls, filtered = {0: "ok", 16: "EPERM", 165: "EPERM", 400: "ENOSYS"}, {"Seccomp": "2"}
        self.assertEqual(measure.reached(calls, {"Seccomp": "0"}, None), ({0, 16, 165}, set()))
        self.assertEqual(measure.reached(calls, filtered, [self.PROGRAM]), ({0, 16}, set()))
        self.assertEqual(measure.reached(calls, filtered, None), ({0}, {16, 165}))


class PageTest(unittest.TestCase):
    def test_the_page_has_both_markers_once(self):
        text = (backends.ROOT / "docs/isolation.md").read_text()
        self.assertEqual((text.count(isolation_page.BEGIN), text.count(isolation_page.END)), (1, 1))


if __name__ == "__main__":
    unittest.main()
