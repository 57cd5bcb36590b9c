// The host's end of pysandbox-steward; see steward_protocol.hpp.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>

#include <pysandbox/container_runner.hpp>

#include "container/program_words.hpp"
#include "container/steward_protocol.hpp"
#include "container/supervisor.hpp"

namespace pysandbox::container {

// The program, static: whoever makes a container puts it there, readable and executable for all.
std::span<const std::byte> steward_image() noexcept;

// Where it lies inside, and what it is called to be pid 1.
inline constexpr const char* steward_path = "/run/pysandbox/steward";

ReportMark new_mark();

// What it reads before the orders.
std::string steward_input(const ReportMark& mark, const Words& words, const std::string& stdin_text);

// How one order is written.
inline char order_byte(Order order) noexcept { return static_cast<char>(order); }

// Takes the reports out of what comes by standard error.
class ReportSieve {
 public:
  ReportSieve(const ReportMark& mark, Receive program_text) : mark_(mark), program_text_(std::move(program_text)) {}

  void add(std::string_view text);

  // The next report; false: there is none.
  bool take(Report& report);

  // Nothing more comes: passes on what looked like the beginning of a report.
  void finish();

  // What the runtime printed, which is about why it failed: everything before the first report.
  const std::string& complaint() const noexcept { return complaint_; }

 private:
  void pass_on(std::string_view text);

  ReportMark mark_;
  Receive program_text_;
  std::string held_;
  std::string complaint_;
  std::deque<Report> reports_;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace pysandbox::container
