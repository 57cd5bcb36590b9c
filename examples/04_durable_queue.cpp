// Submits jobs to a queue that survives a crash, and watches one of them.
#include <pysandbox/sandbox.hpp>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <thread>

int main() {
  const std::filesystem::path place = std::filesystem::temp_directory_path() / "pysandbox-example";
  std::filesystem::create_directories(place);
  pysandbox::Sandbox sandbox({.files = pysandbox::open_local_file_store(place / "files"),
                              .jobs = pysandbox::open_sqlite_job_store(place / "jobs.sqlite")});

  // Once this returns, the job is on the disk: a process that opens the same database would run it, if this one died
  // now.
  const pysandbox::JobId id =
      sandbox.submit({.code = "print('hello')\nopen('a.txt', 'w').write('x')"}, {.priority = 10}).id;

  std::uint64_t seen = 0;
  for (bool is_over = false; !is_over; std::this_thread::sleep_for(std::chrono::milliseconds(5))) {
    for (const pysandbox::JobEvent& event : sandbox.jobs()->events(id, seen, 100)) {
      seen = event.number;
      if (event.kind == pysandbox::JobEvent::Kind::status) std::cout << "now " << to_string(event.state) << '\n';
      if (event.kind == pysandbox::JobEvent::Kind::output) std::cout << "printed: " << event.text;
      if (event.kind == pysandbox::JobEvent::Kind::file) std::cout << "left: " << event.artifact->path << '\n';
      if (event.kind == pysandbox::JobEvent::Kind::end) is_over = true;
    }
  }
  const bool is_ok = sandbox.jobs()->find(id)->state == pysandbox::JobState::completed;
  sandbox.remove(id);
  return is_ok ? 0 : 1;
}
