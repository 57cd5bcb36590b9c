# expect: ok
# attack: C1 looks for the runner's secret in its environment
# weaken: environment
import os

import attack

attack.precondition("PATH" in os.environ, "there is no environment at all")
NAME = "PYSANDBOX_" + "CANARY"
with open("/proc/self/environ", "rb") as file:
    first = file.read()
attack.verdict(
    attack.Try("os.environ", NAME in os.environ, os.environ.get(NAME, ""), False),
    attack.Try("/proc/self/environ", NAME.encode() in first, "", False),
)
