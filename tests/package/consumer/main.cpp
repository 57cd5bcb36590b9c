// Uses what crosses the border of the library: values, an exception both ways, an interface implemented here.
//
// Prints one line for each thing that worked. Argument: a directory to keep a database in.
#include <pysandbox/job_store.hpp>
#include <pysandbox/json.hpp>
#include <pysandbox/sandbox.hpp>

#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace pysandbox;

void require(bool condition, const std::string& what) {
  if (!condition) throw std::logic_error(what);
  std::cout << what << '\n';
}

// Keeps files in memory, or says that it is full.
class FilesInMemory final : public FileStore {
 public:
  StoredFile add(std::string_view name, const ByteSource& source, std::string_view owner) override {
    if (full_) throw Error(ErrorCode::unavailable, "the memory is full; remove something");
    std::string bytes;
    std::vector<std::byte> buffer(4096);
    while (const std::size_t count = source(buffer)) bytes.append(reinterpret_cast<const char*>(buffer.data()), count);
    StoredFile file{.id = "id-of-" + std::string(name),
                    .name = std::string(name),
                    .owner = std::string(owner),
                    .size = bytes.size(),
                    .content_type = "text/plain",
                    .sha256 = std::string(64, '0'),
                    .created_at = {}};
    contents_[file.id] = bytes;
    return file;
  }
  std::optional<StoredFile> find(const FileId&) override { return {}; }
  std::optional<ByteSource> read(const FileId&, std::uint64_t) override { return {}; }
  bool renew(const FileId& id) override { return contents_.count(id) > 0; }
  bool remove(const FileId& id) override { return contents_.erase(id) > 0; }
  std::size_t remove_older_than(std::chrono::seconds) override { return 0; }

  const std::string& content(const FileId& id) const { return contents_.at(id); }
  void fill_up() { full_ = true; }

 private:
  std::map<FileId, std::string> contents_;
  bool full_ = false;
};

void run_with_own_store() {
  auto store = std::make_unique<FilesInMemory>();
  FilesInMemory& files = *store;
  Sandbox sandbox({.files = std::move(store)});
  const JobRequest request{.code = "print(6 * 7); open('answer.txt', 'w').write('forty-two')"};

  const RunResult result = sandbox.run(request);
  require(result.outcome == Outcome::ok && result.stdout == "42\n", "a program ran");
  require(result.artifacts.size() == 1 && files.content(result.artifacts[0].file_id) == "forty-two",
          "the library called a FileStore of ours");
  require(parse_run_result(to_json(result)) == result, "a result travelled as JSON");

  files.fill_up();
  try {
    sandbox.run(request);
    require(false, "our Error came back to us");
  } catch (const Error& error) {
    require(error.retryable(), "our Error came back to us");
  }
}

void catch_what_the_library_throws() {
  try {
    Limits limits;
    set_limit(limits, "no_such_limit", 1.0);
    require(false, "an Error of the library was caught");
  } catch (const Error& error) {
    require(error.code() == ErrorCode::invalid_request, "an Error of the library was caught");
  }
}

void tell_stores_apart(const std::string& directory) {
  const std::unique_ptr<FileStore> local = open_local_file_store(directory + "/files");
  const std::unique_ptr<FileStore> own = std::make_unique<FilesInMemory>();
  require(dynamic_cast<FilesInMemory*>(local.get()) == nullptr && dynamic_cast<FilesInMemory*>(own.get()) != nullptr,
          "dynamic_cast knew the stores apart");
}

void keep_a_job(const std::string& directory) {
  const JobId id = open_sqlite_job_store(directory + "/jobs.db")->add({.code = "pass"});
  const std::optional<Job> job = open_sqlite_job_store(directory + "/jobs.db")->find(id);
  require(job && job->state == JobState::queued && job->request.code == "pass", "a job waits in SQLite");
}

}  // namespace

int main(int count, char** words) try {
  require(count == 2, "a directory was named");
  require(std::string_view(version()) == PYSANDBOX_VERSION, std::string("version ") + version());
  run_with_own_store();
  catch_what_the_library_throws();
  tell_stores_apart(words[1]);
  keep_a_job(words[1]);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "consumer: " << error.what() << '\n';
  return 1;
}
