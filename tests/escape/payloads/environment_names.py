# expect: ok
# attack: C2 lists every variable that it was not given
# weaken: environment
import os

import attack

EXPECTED = {"PATH", "HOME", "LANG", "TMPDIR", "USER", "LOGNAME", "TZ", "TERM",
            "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"}
foreign = [n for n in os.environ if n not in EXPECTED and not n.startswith(("LC_", "PYTHON"))]
attack.escaped_if(foreign, " ".join(sorted(foreign)))
