#!/usr/bin/env python3
"""Proves that scripts/check_coroutines.py catches what g++ 12.2 compiles wrongly, and nothing else."""

import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import check_coroutines  # noqa: E402


def caught(code):
    return [sentence.split(" inside")[0] for _, sentence in check_coroutines.objections("task f() {\n" + code + "\n}\n")]


class CheckCoroutines(unittest.TestCase):
    def test_catches_a_capturing_lambda(self):
        for code in (
            "co_await f([x] { return x; });",
            "int r = co_await f(1, [&] { return 1; });",
            "co_await co_spawn(executor,\n  [u = std::move(u)]() mutable { return u; },\n  use_awaitable);",
            "if (co_await f([=] { return 1; })) return;",
            "g(co_await f(), [x] { return x; });",
        ):
            with self.subTest(code):
                self.assertIn("makes a capturing lambda", caught(code))

    def test_catches_a_braced_temporary(self):
        for code in (
            "co_await f(Agg{1, 2});",
            "int r = co_await fs(s, {1, 2});",
            "co_return co_await send({}, nothing);",
            "if (x) co_await f(Agg{});",
            "while (x) y = co_await f(Agg{});",
            "g(Agg{}, co_await f());",
        ):
            with self.subTest(code):
                self.assertEqual(caught(code), ["makes a braced temporary"])

    def test_catches_a_loop_that_awaits_in_its_condition(self):
        for code in ("while (co_await f()) {\n}", "while (x && co_await f()) g();", "for (; co_await f();) {\n}"):
            with self.subTest(code):
                self.assertTrue(caught(code)[0].startswith("awaits in the condition"))

    def test_lets_the_rest_pass(self):
        for code in (
            "const auto [error, bytes] = co_await socket.read(buffer, token);",
            "auto& [a, b] = co_await f();",
            "const auto g = [x] { return x; };\n  co_await f(g);",
            "start([x] { return x; });\n  co_await f();",
            "while (is_working) co_await wait();\n  Agg a{1};",
            "if (co_await f()) {\n    g();\n  }",
            "co_await f(values[i], g()[0]);",
            "co_await f(std::string(64, 'x'));",
            "co_await f(\"{[x]}\", '{');  // {}",
            "Agg a{1};\n  int r = co_await f(a);\n  if (r) return Agg{2};",
            "for (int i = 0; i < 3; ++i) co_await f();",
            "do x = co_await f();\n  while (x);",
        ):
            with self.subTest(code):
                self.assertEqual(caught(code), [])

    def test_tells_the_line(self):
        found = list(check_coroutines.objections("a();\nb();\nco_await f(Agg{});\n"))
        self.assertEqual([line for line, _ in found], [3])

    def test_finds_the_house_in_order(self):
        self.assertEqual(check_coroutines.main([]), 0)


if __name__ == "__main__":
    unittest.main()
