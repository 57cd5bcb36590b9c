#!/usr/bin/env python3
"""Refuses what g++ 12.2 compiles wrongly in coroutines: it destroys twice a capturing lambda or a braced temporary that is
made inside a co_await expression, and makes an illegal instruction of a co_await in the condition of a loop.

    check_coroutines.py [ROOT]

Looks at the C++ below server/. Prints each as file:line: sentence. Exit status 1 if there is one.
"""

import re
import sys
from pathlib import Path

LITERAL = re.compile(
    r'R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/',
    re.DOTALL,
)
CAPTURES = re.compile(r"(?P<before>\w+|\S)?\s*\[(?P<captures>[^\[\]]*)\]")
LOOP = re.compile(r"\b(?:while|for)\s*\($")
OPENING, CLOSING = "([{", ")]}"


def without_literals(text):
    """The text with strings and comments blanked; lines and columns stay."""
    return LITERAL.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def begin_of_expression(text, position):
    """Where the full expression begins that `position` lies in: after a ';', a block, or the bracket of an if."""
    depth = 0
    for index in range(position - 1, -1, -1):
        letter = text[index]
        ends_block = letter == "}" and not re.match(r"\s*[,).]", text[index + 1 :])
        in_condition = letter == "(" and re.search(r"\b(?:if|while|for|switch)\s*$", text[:index])
        if depth == 0 and (letter in ";{" or ends_block or in_condition):
            return index + 1
        if letter in CLOSING:
            depth += 1
        elif letter in OPENING and depth > 0:
            depth -= 1
    return 0


def end_of_expression(text, position):
    depth = 0
    for index in range(position, len(text)):
        letter = text[index]
        if letter in OPENING:
            depth += 1
        elif letter in CLOSING:
            depth -= 1
        if depth < 0 and letter == "}" or depth <= 0 and letter == ";":
            return index
    return len(text)


def end_of_condition(text, position):
    depth = 1
    for index in range(position, len(text)):
        depth += (text[index] == "(") - (text[index] == ")")
        if depth == 0:
            return index
    return len(text)


def has_captures(expression):
    for match in CAPTURES.finditer(expression):
        before, captures = match.group("before") or "", match.group("captures")
        is_index = re.fullmatch(r"\w+|[)\]]", before) and before not in ("co_await", "co_return", "return")
        is_binding = before == "auto" or (before == "&" and re.search(r"auto\s*&+\s*$", expression[: match.start("captures") - 1]))
        if captures.strip() and not is_index and not is_binding:
            return True
    return False


def objections(text):
    """(line, sentence) for each breach in the text of a file."""
    text = without_literals(text)
    for match in re.finditer(r"\bco_await\b", text):
        line = text.count("\n", 0, match.start()) + 1
        begin = begin_of_expression(text, match.start())
        in_condition = re.search(r"\b(?:if|while|for|switch)\s*\($", text[:begin])
        end = end_of_condition(text, begin) if in_condition else end_of_expression(text, match.start())
        expression = text[begin:end]
        if LOOP.search(text[:begin]) or re.search(r"\bfor\s*\([^()]*;[^()]*$", text[: match.start()]):
            yield line, "awaits in the condition of a loop; await into a variable before"
        if has_captures(expression):
            yield line, "makes a capturing lambda inside a co_await expression; give it a name before"
        if "{" in expression:
            yield line, "makes a braced temporary inside a co_await expression; give it a name before"


def main(arguments):
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    files = sorted(path for kind in ("*.cpp", "*.hpp") for path in (root / "server").rglob(kind))
    if not files:
        print(f"{root}/server holds no C++; give the root of the project", file=sys.stderr)
        return 2
    found = [f"{path.relative_to(root)}:{line}: {sentence}" for path in files for line, sentence in objections(path.read_text())]
    for objection in found:
        print(objection)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
