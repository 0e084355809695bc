#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""usage: run.py CLIENT [WORD...]    the cases whose names hold one of the words, or all; TAP
       run.py --table            which of the community's cases each one stands for"""
import concurrent.futures
import importlib
import os
import sys
import tempfile

from cases import CASES
from world import Server, World

for group in ("refresh", "expiry", "rollback", "keys", "rotation", "targets", "delegation", "static"):
    importlib.import_module("cases_" + group)


def run(case, number, program, server, top):
    world = None
    try:
        world = World(program, server, f"case[{number}]", os.path.join(top, str(number)),
                      case.repository and case.repository())
        case.function(world)
    except Exception as e:  # pylint: disable=broad-except
        return f"{type(e).__name__}: {e}"
    finally:
        if world:
            world.close()
    return None


def main():
    if sys.argv[1:] == ["--table"]:
        for case in CASES:
            print(f"{case.suite or '-'}\t{case.name}")
        return 0
    program, words = os.path.abspath(sys.argv[1]), sys.argv[2:]
    chosen = [c for c in CASES if not words or any(w in c.name for w in words)]
    server, failed = Server(), 0
    with tempfile.TemporaryDirectory() as top, concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = [pool.submit(run, c, i, program, server, top) for i, c in enumerate(chosen)]
        for number, (case, result) in enumerate(zip(chosen, results), 1):
            why = result.result()
            print(f"{'not ' if why else ''}ok {number} - {case.name}", flush=True)
            if why:
                failed += 1
                print("# " + why.replace("\n", "\n# "), flush=True)
    print(f"1..{len(chosen)}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
