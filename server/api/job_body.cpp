#include "api/job_body.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "api/body_field.hpp"
#include "api/job_inputs.hpp"
#include "api/limit_fields.hpp"
#include "api/wait_time.hpp"
#include "value/words.hpp"
#include "wire/json_document.hpp"

namespace pysandbox::api {
namespace {

namespace json = boost::json;

// A body in the making.
struct Draft {
  const ApiLimits& limits;
  JobBody body{};
  LimitReader job_limits{limits};
  FieldProblems problems{};
};

void read_args(const BodyField& field, Draft& draft) { draft.body.request.args = field.texts(); }

void read_callback_secret(const BodyField& field, Draft& draft) {
  draft.body.submission.callback_secret = field.text();
}

void read_callback_url(const BodyField& field, Draft& draft) { draft.body.submission.callback_url = field.text(); }

void read_code(const BodyField& field, Draft& draft) { draft.body.request.code = field.text(); }

void read_data_urls(const BodyField& field, Draft& draft) {
  for (const BodyField& element : field.elements()) {
    draft.problems.collect([&] { read_data_url(element, draft.body); });
  }
}

void read_entry_point(const BodyField& field, Draft& draft) { draft.body.request.entry_point = field.text(); }

void read_env(const BodyField& field, Draft& draft) {
  for (const auto& variable : field.members()) {
    draft.problems.collect([&] { draft.body.request.env.emplace(variable.first, variable.second.text()); });
  }
}

void read_environment(const BodyField& field, Draft& draft) { draft.body.request.environment = field.text(); }

void read_files(const BodyField& field, Draft& draft) {
  for (const BodyField& element : field.elements()) {
    draft.problems.collect([&] { read_file(element, draft.body); });
  }
}

void read_limits(const BodyField& field, Draft& draft) {
  for (const auto& [key, value] : field.members()) {
    if (!LimitReader::knows(key)) {
      warn_unknown(value, draft.body);
    } else if (!value.is_absent()) {
      draft.problems.collect([&, &name = key, &limit = value] { draft.job_limits.take(name, limit); });
    }
  }
}

// Any JSON. It is kept as text.
void read_metadata(const BodyField& field, Draft& draft) {
  draft.body.submission.metadata = write_json(field.value(), JsonStyle::compact);
}

void read_minimum_isolation(const BodyField& field, Draft& draft) {
  const auto level = parse_minimum_isolation(field.text());
  if (!level) field.refuse("rlimits, cgroup, full or vm_like");
  draft.body.request.minimum_isolation = *level;
}

void read_isolation(const BodyField& field, Draft& draft) {
  const auto mode = parse_start_mode(field.text());
  if (!mode) field.refuse("any or fresh");
  draft.body.request.start = *mode;
}

void read_outputs(const BodyField& field, Draft& draft) { draft.body.request.outputs = field.texts(); }

void read_packages(const BodyField& field, Draft& draft) { draft.body.request.packages = field.texts(); }

void read_priority(const BodyField& field, Draft& draft) {
  draft.body.submission.priority = static_cast<int>(field.whole_number(minimum_priority, maximum_priority));
}

void read_stdin(const BodyField& field, Draft& draft) { draft.body.request.stdin = field.text(); }

void read_timeout(const BodyField& field, Draft& draft) { draft.job_limits.take("timeout", field); }

void read_ttl(const BodyField& field, Draft& draft) {
  constexpr std::int64_t year = 365 * 24 * 3600;
  draft.body.submission.ttl = std::chrono::seconds(field.whole_number(0, year));
}

void read_body_wait(const BodyField& field, Draft& draft) { draft.body.wait = read_wait(field, draft.limits); }

struct Row {
  std::string_view key;
  void (*read)(const BodyField& field, Draft& draft);
};

// Every field of a submission.
constexpr std::array table{
    Row{"args", read_args},
    Row{"callback_secret", read_callback_secret},
    Row{"callback_url", read_callback_url},
    Row{"code", read_code},
    Row{"data_urls", read_data_urls},
    Row{"entry_point", read_entry_point},
    Row{"env", read_env},
    Row{"environment", read_environment},
    Row{"files", read_files},
    Row{"isolation", read_isolation},
    Row{"limits", read_limits},
    Row{"metadata", read_metadata},
    Row{"minimum_isolation", read_minimum_isolation},
    Row{"outputs", read_outputs},
    Row{"packages", read_packages},
    Row{"priority", read_priority},
    Row{"resource_limits", read_limits},
    Row{"stdin", read_stdin},
    Row{"timeout", read_timeout},
    Row{"ttl", read_ttl},
    Row{"wait", read_body_wait},
};

}  // namespace

JobBody parse_job_body(std::string_view text, const ApiLimits& limits) {
  const json::value document = parse_body(text);
  if (!document.is_object()) BodyField(document).refuse("one JSON object");
  Draft draft{.limits = limits};
  const BodyField root(document);
  for (const auto& [key, field] : root.members()) {
    if (std::ranges::find(table, key, &Row::key) == table.end()) warn_unknown(field, draft.body);
  }
  // In the order of the table, so that bodies that differ in their order only ask for the same.
  for (const Row& row : table) {
    const auto field = root.find(row.key);
    if (field && !field->is_absent()) draft.problems.collect([&] { row.read(*field, draft); });
  }
  const auto code = root.find("code");
  if (!code || code->is_absent()) draft.problems.add(wrong_field("code", "is missing; give the program's text"));
  draft.problems.throw_if_any();
  draft.body.request.limits = draft.job_limits.take_limits();
  check_request(draft.body.request);
  check_submission(draft.body.submission);
  return std::move(draft.body);
}

}  // namespace pysandbox::api
