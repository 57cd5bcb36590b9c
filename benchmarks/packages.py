"""numpy and pandas for all: made into an environment by `pysandbox env build`, and unpacked as it is there given to the peers, too."""
import dataclasses
import json
import pathlib
import subprocess

WANTED = ("numpy", "pandas")


@dataclasses.dataclass
class Packages:
    environment: str = ""                      # its digest
    environments: pathlib.Path | None = None   # the directory that has it
    directory: pathlib.Path | None = None      # its own
    versions: tuple = ()
    reason: str = "this run leaves out what needs packages"  # why there are none

    @property
    def site(self):
        return self.directory / "site-packages" if self.directory else None


def build(program, store):
    """Made if it is not there; without a package index, say, there is none."""
    done = subprocess.run([program, "env", "build", *WANTED, "--store", store, "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        return Packages(reason=f"pysandbox env build: {done.stderr.strip()[-300:]}")
    made = json.loads(done.stdout)
    versions = tuple(f"{package['name']} {package['version']}" for package in made["packages"] if package["name"] in WANTED)
    return Packages(made["digest"], pathlib.Path(store), pathlib.Path(made["directory"]), versions)
