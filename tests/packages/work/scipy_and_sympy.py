# leaves:
import numpy as np
import scipy.optimize
import scipy.sparse.linalg
import scipy.stats
import sympy

assert abs(scipy.optimize.brentq(lambda x: x * x - 2, 0, 2) - 2 ** 0.5) < 1e-9
assert scipy.stats.ttest_ind([1, 2, 3], [1, 2, 3]).pvalue == 1
eye = scipy.sparse.eye(100, format="csr")
assert np.allclose(scipy.sparse.linalg.spsolve(eye, np.ones(100)), 1)
x = sympy.symbols("x")
assert sympy.integrate(sympy.sin(x), (x, 0, sympy.pi)) == 2
print("works")
