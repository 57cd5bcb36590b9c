#include "docker/container_pool.hpp"

#include <algorithm>
#include <utility>

#include <pysandbox/error.hpp>

namespace pysandbox::docker {
namespace {

constexpr std::size_t makers = 2;                  // much of a container's making is waiting for the engine
constexpr std::chrono::milliseconds pause{1'000};  // after one that could not be made
constexpr std::chrono::milliseconds look_interval{1'000};

}  // namespace

ContainerPool::ContainerPool(const DockerPoolOptions& options, Make make) : options_(options), make_(std::move(make)) {
  for (std::size_t i = 0; i < std::min<std::size_t>(makers, options_.maximum); ++i) {
    makers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

ContainerPool::~ContainerPool() {
  for (auto& maker : makers_) maker.request_stop();
  makers_.clear();
}

std::unique_ptr<EngineContainer> ContainerPool::take(const ContainerShape& shape) {
  std::vector<std::unique_ptr<EngineContainer>> dead;  // removed without the lock
  const std::lock_guard lock(mutex_);
  Line& line = used_now(shape);
  changed_.notify_all();
  while (!line.waiting.empty()) {
    auto container = std::move(line.waiting.front());
    line.waiting.pop_front();
    if (container->is_waiting()) return container;
    dead.push_back(std::move(container));
  }
  return nullptr;
}

std::size_t ContainerPool::parked() const {
  const std::lock_guard lock(mutex_);
  std::size_t sum = 0;
  for (const auto& line : lines_) sum += line.waiting.size();
  return sum;
}

std::string ContainerPool::obstacle() const {
  const std::lock_guard lock(mutex_);
  return obstacle_;
}

ContainerPool::Line* ContainerPool::find(const ContainerShape& shape) {
  const auto line = std::find_if(lines_.begin(), lines_.end(), [&](const Line& one) { return one.shape == shape; });
  return line == lines_.end() ? nullptr : &*line;
}

ContainerPool::Line& ContainerPool::used_now(const ContainerShape& shape) {
  Line line{.shape = shape, .last_asked = Clock::now()};
  if (Line* known = find(shape)) {
    line.waiting = std::move(known->waiting);
    line.in_making = known->in_making;
    std::erase_if(lines_, [&](const Line& one) { return one.shape == shape; });
  }
  lines_.push_front(std::move(line));
  return lines_.front();
}

std::size_t ContainerPool::count() const {
  std::size_t sum = 0;
  for (const auto& line : lines_) sum += line.waiting.size() + line.in_making;
  return sum;
}

// The shape that was asked for last gets all places but those that others hold; it takes theirs only where they were
// not asked for lately.
std::optional<ContainerShape> ContainerPool::next_to_make() const {
  if (lines_.empty() || Clock::now() < pause_until_) return std::nullopt;
  const Line& first = lines_.front();
  if (Clock::now() - first.last_asked >= options_.idle_time) return std::nullopt;
  const std::size_t own = first.waiting.size() + first.in_making;
  const std::size_t others = count() - own;
  const bool free_place = own + others < options_.maximum;
  const bool nothing_yet = own == 0 && first.in_making == 0;  // then the oldest of another shape gives way
  return free_place || nothing_yet ? std::optional(first.shape) : std::nullopt;
}

void ContainerPool::make_room_for(const ContainerShape& shape, std::vector<std::unique_ptr<EngineContainer>>& out) {
  for (auto line = lines_.rbegin(); line != lines_.rend() && count() > options_.maximum; ++line) {
    if (line->shape == shape) continue;
    while (!line->waiting.empty() && count() > options_.maximum) {
      out.push_back(std::move(line->waiting.front()));
      line->waiting.pop_front();
    }
  }
}

void ContainerPool::drop_idle(std::vector<std::unique_ptr<EngineContainer>>& out) {
  for (auto& line : lines_) {
    if (Clock::now() - line.last_asked < options_.idle_time) continue;
    for (auto& container : line.waiting) out.push_back(std::move(container));
    line.waiting.clear();
  }
  std::erase_if(lines_, [&](const Line& line) {
    return line.waiting.empty() && line.in_making == 0 && Clock::now() - line.last_asked >= options_.idle_time;
  });
}

void ContainerPool::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    std::vector<std::unique_ptr<EngineContainer>> out;
    drop_idle(out);
    const auto shape = next_to_make();
    if (shape) {
      ++find(*shape)->in_making;
      make_room_for(*shape, out);
    } else if (out.empty()) {
      changed_.wait_for(lock, stop, look_interval, [&] { return next_to_make().has_value(); });
      continue;
    }
    lock.unlock();
    out.clear();
    std::unique_ptr<EngineContainer> made;
    std::string obstacle;
    if (shape) {
      try {
        made = make_(*shape);
      } catch (const std::exception& error) {
        obstacle = error.what();
      }
    }
    lock.lock();
    if (!shape) continue;
    Line* line = find(*shape);  // it stays while something is in the making
    --line->in_making;
    obstacle_ = obstacle;
    if (made) {
      line->waiting.push_back(std::move(made));
    } else {
      pause_until_ = Clock::now() + pause;
    }
  }
}

}  // namespace pysandbox::docker
