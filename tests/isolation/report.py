"""Measures every backend, writes results.json, and with --page the tables of docs/isolation.md. See scripts/isolation_report.sh."""
import argparse
import json
import pathlib
import sys

import backends
import measure
from bait import Bait
from contender import CannotRun


def run(programs, names, with_attacks):
    results, missing = {}, {}
    with Bait() as bait:
        for kind in backends.ALL:
            if names and kind.name not in names:
                continue
            try:
                with kind(programs, bait) as backend:
                    print(f"{kind.name} ...", file=sys.stderr, flush=True)
                    results[kind.name] = measure.measure(backend, with_attacks)
            except CannotRun as why:
                missing[kind.name] = str(why)
                print(f"{kind.name}: {why}", file=sys.stderr)
    return {"backends": results, "missing": missing}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="the directory of pysandbox and pysandbox-server")
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("--page", type=pathlib.Path)
    parser.add_argument("--only", action="append", default=[], help="a backend's name; may be repeated")
    parser.add_argument("--no-attacks", action="store_true")
    words = parser.parse_args()
    found = run(words.bin.resolve(), words.only, not words.no_attacks)
    words.results.parent.mkdir(parents=True, exist_ok=True)
    words.results.write_text(json.dumps(found, indent=1) + "\n")
    if words.page:
        import isolation_page
        isolation_page.write(words.page, found)
    return 0 if found["backends"] else 1


if __name__ == "__main__":
    sys.exit(main())
