# expect: ok
# attack: E20 leaves files with the names that the runner might use for its own
# weaken: harvest
# weak-expect: artifact .pysandbox .pysandbox-report
# artifacts: artifacts.json exit_code report result.json stderr stdout
# docker: otherwise: the directory .pysandbox is there before
NAMES = ["stdout", "stderr", "result.json", "report", "exit_code", "artifacts.json", ".pysandbox", ".pysandbox-report"]
for name in NAMES:
    with open(name, "w") as file:
        file.write('{"outcome": "internal_error"}')
