# leaves:
import concurrent.futures
import multiprocessing
import sqlite3

import numpy as np


def total(n):
    return float(np.ones(n).sum())


if __name__ == "__main__":
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map(total, range(5)) == [0, 1, 2, 3, 4]
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        assert list(threads.map(total, range(5))) == [0, 1, 2, 3, 4]
    with sqlite3.connect("/tmp/a.sqlite") as database:
        database.execute("CREATE TABLE t (a)")
    print("works")
