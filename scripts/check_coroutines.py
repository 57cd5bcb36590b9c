#!/usr/bin/env python3
"""Refuses what g++ 12.2 destroys twice: a capturing lambda or a braced temporary made inside a co_await expression.

    check_coroutines.py [ROOT]

Looks at the C++ of server/. Prints each as file:line: sentence. Exit status 1 if there is one.
"""

import re
import sys
from pathlib import Path

AWAIT = re.compile(r"\bco_await\b")
LITERALS = re.compile(
    r'R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/', re.DOTALL
)
CLOSING = {"(": ")", "[": "]", "{": "}"}


def without_literals(text):
    """The text with strings, characters and comments blanked, so that lines and columns stay."""
    return LITERALS.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def expression(text, start):
    """What follows a co_await up to the end of its full expression: a ';', or a bracket that was opened before it."""
    depth = 0
    for end in range(start, len(text)):
        if text[end] in CLOSING:
            # `while (co_await next()) {`: what follows the condition is another statement
            depth += 1
        elif text[end] in CLOSING.values():
            depth -= 1
            if depth < 0:
                return text[start:end]
        elif text[end] == ";" and depth == 0:
            return text[start:end]
    return text[start:]


def statement_start(text, position):
    """Where the full expression that holds a co_await begins."""
    depth = 0
    for start in range(position - 1, -1, -1):
        if text[start] in CLOSING.values():
            if text[start] == "}" and depth == 0:
                return start + 1
            depth += 1
        elif text[start] in CLOSING:
            if text[start] == "{" and depth == 0:
                return start + 1
            depth = max(0, depth - 1)
        elif text[start] == ";" and depth == 0:
            return start + 1
    return 0


def objections(text):
    """(line, sentence) of each breach in the text of one file."""
    text = without_literals(text)
    found = {}
    for match in AWAIT.finditer(text):
        start = statement_start(text, match.start())
        whole = text[start : match.start()] + expression(text, match.start())
        line = text.count("\n", 0, match.start()) + 1
        # A '[' that does not follow a name, a call or another index begins a lambda; structured bindings follow `auto`.
        for bracket in re.finditer(r"(?<![\w)\]])\s*\[(?!\[)([^\]]*)\]", re.sub(r"\bauto\s*[&]*\s*\[[^\]]*\]", "auto x", whole)):
            if bracket.group(1).strip():
                found[line] = "makes a lambda with captures inside a co_await expression; give it a name before"
        if re.search(r"\{", expression(text, match.start())):
            found[line] = "makes a braced temporary inside a co_await expression; give it a name before"
        if re.search(r"(?:[\w>]|[,(=])\s*\{", text[start : match.start()].rpartition("\n")[2]) and "(" in text[start : match.start()]:
            pass
    return sorted(found.items())


def main(arguments):
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    files = sorted(path for kind in ("*.cpp", "*.hpp") for path in (root / "server").rglob(kind))
    if not files:
        print(f"{root}/server holds no C++; give the root of the project", file=sys.stderr)
        return 2
    status = 0
    for path in files:
        for line, sentence in objections(path.read_text()):
            print(f"{path.relative_to(root)}:{line}: {sentence}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
