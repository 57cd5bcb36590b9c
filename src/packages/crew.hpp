// Does a row of pieces of work on a few threads.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>

namespace pysandbox::packages {

class Crew {
 public:
  using Work = std::function<void(std::size_t index)>;

  // Calls `work` for each index below `pieces`, on at most `threads` threads, and `on_begin` for each on this one.
  // Throws what the first that failed threw; no more are begun then.
  void run(std::size_t pieces, std::size_t threads, const Work& work, const Work& on_begin = {});

 private:
  void take_pieces(std::size_t pieces, const Work& work);

  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::size_t next_ = 0;
  std::size_t running_ = 0;
  std::deque<std::size_t> begun_;
  std::exception_ptr failure_;
};

}  // namespace pysandbox::packages
