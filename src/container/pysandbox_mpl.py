"""matplotlib without a screen: draws with Agg, and figures become files of the workspace.

A figure that is shown, and one that is still open at the end, is saved as figure-001.png and so on, unless the program
has saved it in the workspace itself. No file that is there already is overwritten.
"""

import atexit
import itertools
import os

from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

_workspace = "/workspace/"
_numbers = itertools.count(1)
_process = os.getpid()


def _lies_in_workspace(target):
    return isinstance(target, (str, os.PathLike)) and os.path.abspath(os.fspath(target)).startswith(_workspace)


def _new_file():
    while True:
        try:
            return open(f"{_workspace}figure-{next(_numbers):03d}.png", "xb")
        except FileExistsError:
            pass


class FigureCanvas(FigureCanvasAgg):
    is_saved = False

    def print_figure(self, filename, *args, **kwargs):
        result = super().print_figure(filename, *args, **kwargs)
        self.is_saved = self.is_saved or _lies_in_workspace(filename)
        return result

    def save(self):
        if self.is_saved:
            return
        with _new_file() as file:
            self.print_figure(file, format="png", bbox_inches="tight")
        self.is_saved = True


class FigureManager(FigureManagerBase):
    def show(self):
        _save(self.canvas)


FigureCanvas.manager_class = FigureManager


def _save(canvas):
    # A program may have put another canvas in place.
    if isinstance(canvas, FigureCanvas):
        canvas.save()


# As after a window that was closed, a figure that was shown is gone.
def show(*args, **kwargs):
    try:
        for manager in Gcf.get_all_fig_managers():
            _save(manager.canvas)
    finally:
        Gcf.destroy_all()


# A forked child has copies of its parent's figures.
@atexit.register
def _save_the_rest():
    if os.getpid() == _process:
        show()
