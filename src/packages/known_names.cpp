#include "packages/known_names.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>
#include <vector>

namespace pysandbox::packages {
namespace {

// Imported under one name, had under another.
constexpr std::array<std::pair<std::string_view, std::string_view>, 24> imported_as{{
    {"sklearn", "scikit-learn"},
    {"skimage", "scikit-image"},
    {"cv2", "opencv-python-headless"},
    {"pil", "pillow"},
    {"bs4", "beautifulsoup4"},
    {"yaml", "pyyaml"},
    {"dateutil", "python-dateutil"},
    {"docx", "python-docx"},
    {"pptx", "python-pptx"},
    {"dotenv", "python-dotenv"},
    {"serial", "pyserial"},
    {"crypto", "pycryptodome"},
    {"openssl", "pyopenssl"},
    {"jwt", "pyjwt"},
    {"git", "gitpython"},
    {"magic", "python-magic"},
    {"fitz", "pymupdf"},
    {"mpl-toolkits", "matplotlib"},
    {"psycopg2", "psycopg2-binary"},
    {"mysqldb", "mysqlclient"},
    {"attr", "attrs"},
    {"levenshtein", "python-levenshtein"},
    {"usb", "pyusb"},
    {"multipart", "python-multipart"},
}};

constexpr std::array<std::string_view, 124> well_known{
    "aiohttp",      "altair",       "anyio",       "attrs",      "babel",         "beautifulsoup4",  "black",
    "bokeh",        "boto3",        "celery",      "certifi",    "chardet",       "click",           "cryptography",
    "cvxpy",        "cython",       "dask",        "django",     "docutils",      "duckdb",          "et-xmlfile",
    "faker",        "fastapi",      "fastparquet", "flask",      "fonttools",     "fsspec",          "gensim",
    "geopandas",    "graphviz",     "h5py",        "html5lib",   "httpx",         "hypothesis",      "idna",
    "imageio",      "ipython",      "jinja2",      "joblib",     "jsonschema",    "jupyter",         "keras",
    "kiwisolver",   "langchain",    "librosa",     "lightgbm",   "llvmlite",      "loguru",          "lxml",
    "markdown",     "markupsafe",   "matplotlib",  "mpmath",     "mypy",          "networkx",        "nltk",
    "numba",        "numexpr",      "numpy",       "openai",     "opencv-python", "openpyxl",        "orjson",
    "packaging",    "pandas",       "paramiko",    "pdfplumber", "pendulum",      "pillow",          "plotly",
    "polars",       "prettytable",  "protobuf",    "psutil",     "pyarrow",       "pydantic",        "pygments",
    "pymongo",      "pymupdf",      "pypdf",       "pyparsing",  "pytest",        "python-dateutil", "python-docx",
    "python-pptx",  "pytz",         "pyyaml",      "regex",      "reportlab",     "requests",        "rich",
    "scikit-image", "scikit-learn", "scipy",       "scrapy",     "seaborn",       "selenium",        "sentencepiece",
    "setuptools",   "shapely",      "six",         "spacy",      "sqlalchemy",    "starlette",       "statsmodels",
    "sympy",        "tabulate",     "tenacity",    "tensorflow", "textblob",      "threadpoolctl",   "tokenizers",
    "toml",         "torch",        "torchvision", "tqdm",       "transformers",  "typer",           "tzdata",
    "urllib3",      "xgboost",      "xlsxwriter"};

// How many letters are to be added, taken away, changed, or swapped with their neighbour.
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before(right.size() + 1), previous(right.size() + 1), row(right.size() + 1);
  std::iota(previous.begin(), previous.end(), 0U);
  for (std::size_t i = 1; i <= left.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t change = left[i - 1] == right[j - 1] ? 0 : 1;
      row[j] = std::min({previous[j] + 1, row[j - 1] + 1, previous[j - 1] + change});
      const bool swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = std::exchange(previous, row);
  }
  return previous[right.size()];
}

}  // namespace

std::optional<std::string> similar_package(std::string_view name) {
  for (const auto& [imported, package] : imported_as) {
    if (imported == name) return std::string(package);
  }
  const std::size_t allowed = name.size() < 4 ? 0 : name.size() < 8 ? 1 : 2;
  std::optional<std::string> best;
  std::size_t best_distance = allowed + 1;
  for (const auto known : well_known) {
    if (known.size() > name.size() + allowed || name.size() > known.size() + allowed) continue;
    const std::size_t letters = distance(name, known);
    if (letters == 0 || letters >= best_distance) continue;
    best_distance = letters;
    best = std::string(known);
  }
  return best;
}

}  // namespace pysandbox::packages
