# expect: nonzero_exit
# attack: D23 ends with the exit code of a process that was killed for memory; a choice, so nothing is weakened
# weaken: none
# exit: 137
import os

os._exit(137)
