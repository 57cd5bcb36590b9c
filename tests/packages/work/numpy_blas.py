# leaves:
# BLAS with threads, linear algebra, random numbers, FFT, memory maps.
import os
import tempfile

import numpy as np

assert os.environ["OPENBLAS_NUM_THREADS"] == "2"
rng = np.random.default_rng(7)
a = rng.standard_normal((600, 600))
assert np.allclose(np.linalg.solve(a, a @ np.ones(600)), 1)
assert np.allclose(np.fft.ifft(np.fft.fft(a[0])).real, a[0])
with tempfile.TemporaryFile() as file:
    m = np.memmap(file, dtype=np.float64, mode="w+", shape=(1000,))
    m[:] = 3
    assert m.sum() == 3000
print("works")
