// The inputs of a request's JSON: `data_urls` and `files`.
#pragma once

#include "api/body_field.hpp"
#include "api/job_body.hpp"

namespace pysandbox::api {

// Both throw a Refusal for the first thing that is wrong in one element, and add to body.request.inputs and
// body.uploads.
void read_data_url(const BodyField& element, JobBody& body);
void read_file(const BodyField& element, JobBody& body);

// For keys that nobody knows.
void warn_unknown(const BodyField& field, JobBody& body);

}  // namespace pysandbox::api
