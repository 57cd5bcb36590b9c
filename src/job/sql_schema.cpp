#include "job/sql_schema.hpp"

#include <fmt/format.h>

namespace pysandbox {
namespace {

// A job's row is written anew by every claim and heartbeat, so what is large lies apart. lapses_at is when something
// happens to the job by time alone: to a running one when its lease is over, to a queued one when its ttl is. Each
// question that is asked often has an index that holds only the rows it is about.
constexpr const char* job_tables = R"sql(
  CREATE TABLE jobs (
    sequence {row_number},
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'completed', 'failed')),
    outcome TEXT CHECK ((outcome IS NOT NULL) = (state IN ('completed', 'failed'))),
    owner TEXT NOT NULL DEFAULT '',
    idempotency_key TEXT,
    priority {integer} NOT NULL DEFAULT 0,
    ttl {integer} NOT NULL DEFAULT 0,
    attempt {integer} NOT NULL DEFAULT 0,
    worker TEXT NOT NULL DEFAULT '',
    token {integer} NOT NULL DEFAULT 0,
    lapses_at {integer},
    created_at {integer} NOT NULL,
    started_at {integer},
    completed_at {integer} CHECK ((completed_at IS NOT NULL) = (state IN ('completed', 'failed'))),
    cancel_requested {integer} NOT NULL DEFAULT 0,
    callback TEXT NOT NULL DEFAULT 'none' CHECK (callback IN ('none', 'pending', 'delivered', 'failed')),
    callback_url TEXT NOT NULL DEFAULT '',
    callback_secret TEXT NOT NULL DEFAULT '',
    callback_attempt {integer} NOT NULL DEFAULT 0,
    callback_at {integer},
    CHECK (lapses_at IS NOT NULL OR state <> 'running'),
    CHECK (lapses_at IS NULL OR state IN ('queued', 'running')),
    CHECK (callback_at IS NULL OR (callback = 'pending' AND completed_at IS NOT NULL))
  ){end};
  CREATE UNIQUE INDEX jobs_by_key ON jobs (owner, idempotency_key) WHERE idempotency_key IS NOT NULL;
  CREATE INDEX jobs_by_state ON jobs (state, sequence);
  CREATE INDEX jobs_by_owner ON jobs (owner, sequence);
  CREATE INDEX jobs_in_queue ON jobs (state, priority DESC, sequence) WHERE state = 'queued';
  CREATE INDEX jobs_of_owner_not_ended ON jobs (owner) WHERE completed_at IS NULL;
  CREATE INDEX jobs_by_lapse ON jobs (lapses_at) WHERE lapses_at IS NOT NULL;
  CREATE INDEX jobs_by_end ON jobs (completed_at) WHERE completed_at IS NOT NULL;
  CREATE INDEX jobs_by_callback ON jobs (callback_at) WHERE callback_at IS NOT NULL;
  CREATE TABLE events (
    sequence {integer} NOT NULL,
    number {integer} NOT NULL,
    at {integer} NOT NULL,
    attempt {integer} NOT NULL,
    token {integer} NOT NULL,
    state TEXT,
    stream TEXT CHECK ((stream IS NULL) = (state IS NOT NULL)),
    text {bytes},
    PRIMARY KEY (sequence, number)
  ){end};
)sql";

constexpr const char* document_tables = R"sql(
  CREATE TABLE requests (sequence {integer} PRIMARY KEY, request TEXT NOT NULL, metadata TEXT NOT NULL DEFAULT ''){end};
  CREATE TABLE results (sequence {integer} PRIMARY KEY, result TEXT NOT NULL, stdout {bytes} NOT NULL,
                        stderr {bytes} NOT NULL){end};
)sql";

std::string fill_in(const char* tables, const SqlWords& words) {
  return fmt::format(fmt::runtime(tables), fmt::arg("integer", words.integer), fmt::arg("bytes", words.bytes),
                     fmt::arg("row_number", words.row_number), fmt::arg("end", words.end));
}

}  // namespace

std::string sql_job_tables(const SqlWords& words) { return fill_in(job_tables, words); }

std::string sql_document_tables(const SqlWords& words) { return fill_in(document_tables, words); }

}  // namespace pysandbox
