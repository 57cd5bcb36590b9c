// What becomes of figures, with a stand-in for matplotlib that has no more than the backend uses.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <pysandbox/container_runner.hpp>

#include "support/temporary_directory.hpp"

namespace pysandbox::testing {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

void make_environment(const fs::path& top) {
  const fs::path package = top / "site-packages/matplotlib";
  write(package / "__init__.py", R"(
import importlib, os
class Gcf: pass
Gcf.managers = []
def new_figure():
    backend = importlib.import_module(os.environ["MPLBACKEND"].removeprefix("module://"))
    canvas = backend.FigureCanvas()
    Gcf.managers.append(backend.FigureCanvas.manager_class(canvas))
    return canvas
def show():
    importlib.import_module("pysandbox_mpl").show()
)");
  write(package / "_pylab_helpers.py", R"(
from matplotlib import Gcf
Gcf.get_all_fig_managers = staticmethod(lambda: list(Gcf.managers))
Gcf.destroy_all = staticmethod(lambda: Gcf.managers.clear())
)");
  write(package / "backend_bases.py", R"(
class FigureManagerBase:
    def __init__(self, canvas): self.canvas = canvas
)");
  write(package / "backends/__init__.py", "");
  write(package / "backends/backend_agg.py", R"(
class FigureCanvasAgg:
    text = "drawn"
    def print_figure(self, target, format=None, bbox_inches=None):
        if hasattr(target, "write"): target.write(self.text.encode())
        else: open(target, "w").write(self.text)
)");
  write(top / "matplotlib/fontlist-v9.json", "the fonts");
}

class Figures : public ::testing::Test {
 protected:
  Figures() { make_environment(environment_); }

  // What the program left, by name; what it printed is in output_.
  std::map<std::string, std::string> files_of(const std::string& code,
                                              const std::map<std::string, std::string>& env = {}) {
    const auto runner = make_native_runner();
    const auto container = runner->open({.environment_directory = environment_});
    RunResult result = container->run({.entry_point = "main.py", .env = env, .code = code}, {});
    EXPECT_EQ(result.outcome, Outcome::ok) << result.stderr;
    output_ = result.stdout;
    std::map<std::string, std::string> files;
    container->collect(result, [&](OutputFile& file) {
      std::string bytes(file.size(), '\0');
      file.read(std::as_writable_bytes(std::span(bytes)));
      files[file.path()] = bytes;
    });
    return files;
  }

  std::string output_;

 private:
  TemporaryDirectory directory_;
  fs::path environment_ = fs::path(directory_.path()) / "environment";
};

using Files = std::map<std::string, std::string>;

TEST_F(Figures, ThatAreShownBecomeFilesAndAreGone) {
  EXPECT_EQ(files_of("import matplotlib as m\nm.new_figure().text = 'one'\nm.new_figure().text = 'two'\nm.show()\n"
                     "m.new_figure().text = 'three'\nm.show()"),
            (Files{{"figure-001.png", "one"}, {"figure-002.png", "two"}, {"figure-003.png", "three"}}));
}

TEST_F(Figures, ThatAreNeverShownBecomeFilesAtTheEnd) {
  EXPECT_EQ(files_of("import matplotlib as m\nm.new_figure().text = 'one'\nraise SystemExit"),
            (Files{{"figure-001.png", "one"}}));
}

TEST_F(Figures, ThatTheProgramSavedItselfAreNotSavedTwice) {
  EXPECT_EQ(files_of("import matplotlib as m\nm.new_figure().print_figure('own.png')\nm.show()"),
            (Files{{"own.png", "drawn"}}));
  EXPECT_EQ(files_of("import matplotlib as m\nm.new_figure().print_figure('/tmp/own.png')\nm.show()"),
            (Files{{"figure-001.png", "drawn"}}))
      << "nobody gets what is in /tmp";
}

TEST_F(Figures, OverwriteNothing) {
  EXPECT_EQ(files_of("import matplotlib as m\nopen('figure-001.png', 'w').write('mine')\nm.new_figure()"),
            (Files{{"figure-001.png", "mine"}, {"figure-002.png", "drawn"}}));
}

TEST_F(Figures, AreSavedOnceThoughTheProgramForks) {
  EXPECT_EQ(files_of("import matplotlib as m, os\nm.new_figure()\nif os.fork() == 0: raise SystemExit\nos.wait()"),
            (Files{{"figure-001.png", "drawn"}}));
}

TEST_F(Figures, AreLeftToABackendThatTheProgramAsksFor) {
  EXPECT_EQ(files_of("import os\nprint(os.environ['MPLBACKEND'])", {{"MPLBACKEND", "svg"}}), Files{});
  EXPECT_EQ(output_, "svg\n");
}

TEST_F(Figures, FindTheFontsOfTheEnvironmentWhereTheyMayWrite) {
  files_of(
      "import os\nplace = os.environ['MPLCONFIGDIR']\nprint(open(place + '/fontlist-v9.json').read())\n"
      "open(place + '/new', 'w')\nprint(os.listdir('/tmp/pysandbox'))");
  EXPECT_EQ(output_.substr(0, output_.find('\n')), "the fonts");
}

}  // namespace
}  // namespace pysandbox::testing
