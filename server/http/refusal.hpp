// Why the session itself says no, before any handler: Application::refusal() gives it its looks.
#pragma once

#include <string>
#include <string_view>

namespace pysandbox::http {

struct Refusal {
  int status;
  std::string_view code;  // a literal: "bad_framing"
  std::string sentence;
};

}  // namespace pysandbox::http
