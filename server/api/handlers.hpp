// The handlers, one for each route of routes.cpp; docs/http-api.md says what each answers.
//
// They run on handler threads, any number at once. What they throw is turned into an answer by error_response(); a
// Refusal knows its own.
#pragma once

#include "api/context.hpp"
#include "http/application.hpp"

namespace pysandbox::api {

http::Response submit_job(Call& call);  // submit_job.cpp

http::Response list_jobs(Call& call);  // list_jobs.cpp

http::Response job_status(Call& call);  // job_status.cpp
http::Response job_results(Call& call);

http::Response delete_job(Call& call);  // cancel_job.cpp
http::Response cancel_job(Call& call);

http::Response job_events(Call& call);  // job_events.cpp

http::Response list_job_files(Call& call);  // job_files.cpp
http::Response zip_job_files(Call& call);
http::Response get_job_file(Call& call);
http::Response delete_job_file(Call& call);

http::Response upload_parts(Call& call);  // uploads.cpp
http::Response upload_body(Call& call);
http::Response get_upload(Call& call);
http::Response delete_upload(Call& call);

http::Response list_environments(Call& call);  // environments.cpp
http::Response build_environment(Call& call);

http::Response capabilities(Call& call);  // service_pages.cpp
http::Response metrics(Call& call);
http::Response health(Call& call);
http::Response ready(Call& call);
http::Response openapi(Call& call);

}  // namespace pysandbox::api
