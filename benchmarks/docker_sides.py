"""Our docker runner beside `docker run`, on one engine and with one image."""
import dataclasses
import pathlib
import subprocess

from block_driver import CLEAN
from contender import CannotRun
from docker_engine import DockerRun
from ours import CommandLine, Service
from workloads import BY_NAME

IMAGE = "pysandbox-python"
MAKE_IMAGE = pathlib.Path(__file__).resolve().parents[1] / "scripts/make_image.sh"
HELLO = dataclasses.replace(BY_NAME["W1"], name="W1 on docker")  # apart from W1, in which these would take most of the time


def make_image(engine):
    """The one that the docker runner asks for, made of this machine's Python."""
    done = subprocess.run([MAKE_IMAGE, "--import", IMAGE, engine.socket], capture_output=True, text=True, env=CLEAN)
    if done.returncode != 0:
        raise CannotRun(f"the image cannot be made: {done.stderr.strip()[-300:]}")


class SameImage(DockerRun):
    name = "docker run, the runner's image"
    only = (HELLO.name,)
    image = IMAGE


class OneShot(CommandLine):
    """A container made for the run, by a process of its own, as `docker run` does it."""
    name = "pysandbox run --runner docker"
    only = (HELLO.name,)

    def __init__(self, place, driver, engine):
        super().__init__(place, driver)
        self.engine = engine

    def words(self, workload):
        return [*super().words(workload), "--runner", "docker", "--engine", self.engine.socket, "--image", IMAGE]


class WithPool(Service):
    """Containers that wait for programs, in a server."""
    name = "pysandbox-server --runner docker --docker-pool 4"
    only = (HELLO.name,)
    settle_s = 3.0

    def __init__(self, place, driver, engine):
        super().__init__(place, driver)
        self.engine = engine

    def pool_flags(self):
        return []

    def server_flags(self):
        return ["--runner", "docker", "--engine", self.engine.socket, "--image", IMAGE, "--docker-pool", 4]


SIDES = (SameImage, OneShot, WithPool)
