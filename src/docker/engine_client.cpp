#include "docker/engine_client.hpp"

#include <boost/json/object.hpp>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <optional>

#include <pysandbox/error.hpp>
#include <pysandbox/export.hpp>

#include "docker/api_version.hpp"
#include "support/in_quotes.hpp"
#include "support/syscall.hpp"
#include "wire/json_document.hpp"
#include "wire/json_field.hpp"

namespace pysandbox::docker {
namespace {

constexpr std::chrono::milliseconds connect_timeout{5'000};
constexpr std::size_t largest_answer = 16U << 20;  // a list of containers; nothing that programs print comes this way

// libcurl calls it from C code, which no exception may cross: too much, or no memory, ends the transfer.
std::size_t take_body(char* data, std::size_t one, std::size_t count, void* body) noexcept {
  auto& text = *static_cast<std::string*>(body);
  if (text.size() + one * count > largest_answer) return 0;
  try {
    text.append(data, one * count);
  } catch (const std::bad_alloc&) {
    return 0;
  }
  return one * count;
}

long milliseconds(std::chrono::milliseconds time) { return static_cast<long>(std::max<std::int64_t>(time.count(), 1)); }

std::optional<ApiVersion> version_in(const boost::json::value& answer, std::string_view name) {
  const auto field = JsonField(answer, "").find(name);
  return field ? parse_api_version(field->text()) : std::nullopt;
}

}  // namespace

std::string Answer::message() const {
  std::string text = body;
  try {
    const boost::json::value document = parse_json(body);
    if (const auto field = JsonField(document, "").find("message")) text = field->text();
  } catch (const Error&) {
    // Something else than the engine answered: its words as they are.
  }
  std::replace(text.begin(), text.end(), '\n', ' ');
  text = text.substr(0, 500);
  while (!text.empty() && (text.back() == ' ' || text.back() == '.')) text.pop_back();
  return text.empty() ? "status " + std::to_string(status) : text;
}

EngineClient::EngineClient(EngineAddress address, std::chrono::milliseconds call_timeout)
    : address_(std::move(address)), call_timeout_(call_timeout) {}

void EngineClient::prepare(network::CurlHandle& handle) const {
  // Nothing of the environment: no proxy, no ~/.netrc.
  handle.set(CURLOPT_PROXY, "");
  handle.set(CURLOPT_NOPROXY, "*");
  handle.set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  handle.set(CURLOPT_PROTOCOLS_STR, "http");
  handle.set(CURLOPT_FOLLOWLOCATION, 0L);
  handle.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  handle.set(CURLOPT_NOSIGNAL, 1L);
  handle.set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(connect_timeout));
  if (!address_.socket.empty()) handle.set(CURLOPT_UNIX_SOCKET_PATH, address_.socket.c_str());
}

Answer EngineClient::get(const std::string& path) { return get(path, call_timeout_); }

Answer EngineClient::get(const std::string& path, std::chrono::milliseconds timeout) {
  return call("GET", version_path() + path, nullptr, timeout);
}

Answer EngineClient::post(const std::string& path, const std::string& json) {
  return call("POST", version_path() + path, &json, call_timeout_);
}

Answer EngineClient::remove(const std::string& path) {
  return call("DELETE", version_path() + path, nullptr, call_timeout_);
}

Answer EngineClient::post_and_wait(const std::string& path, std::chrono::milliseconds timeout) {
  const std::string nothing;
  return call("POST", version_path() + path, &nothing, timeout);
}

Answer EngineClient::call(const char* method, const std::string& path, const std::string* json,
                          std::chrono::milliseconds timeout) {
  network::CurlHandle handle;
  prepare(handle);
  handle.set(CURLOPT_URL, (address_.base + path).c_str());
  handle.set(CURLOPT_TIMEOUT_MS, milliseconds(timeout));
  handle.set(CURLOPT_USERAGENT, "pysandbox/" PYSANDBOX_VERSION);
  network::CurlList headers;
  if (json != nullptr) {
    headers.add("Expect:");  // no asking beforehand
    headers.add("Content-Type: application/json");
    handle.set(CURLOPT_HTTPHEADER, headers.get());
    handle.set(CURLOPT_POST, 1L);
    handle.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(json->size()));
    handle.set(CURLOPT_POSTFIELDS, json->data());
  }
  handle.set(CURLOPT_CUSTOMREQUEST, method);
  Answer answer;
  handle.set(CURLOPT_WRITEFUNCTION, &take_body);
  handle.set(CURLOPT_WRITEDATA, static_cast<void*>(&answer.body));
  if (const CURLcode code = ::curl_easy_perform(handle.get()); code != CURLE_OK) {
    throw_failed(handle.get(), code, method + (" " + path.substr(0, path.find('?'))));
  }
  ::curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

void EngineClient::throw_failed(CURL* handle, CURLcode code, const std::string& what) {
  {
    const std::lock_guard lock(mutex_);
    version_.clear();  // who comes back may be another one
  }
  const std::string engine = "the Docker engine at " + address_.text;
  if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
    long error = 0;
    ::curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &error);
    if (error == EACCES || error == EPERM) {
      throw Error(ErrorCode::sandbox_unavailable,
                  engine +
                      " may not be used by this user; run as a member of the group that owns its socket, or name "
                      "another engine as DockerRunnerOptions::engine");
    }
    throw Error(ErrorCode::unavailable,
                engine + " does not answer (" +
                    (error != 0 ? errno_text(static_cast<int>(error)) : std::string(::curl_easy_strerror(code))) +
                    "); start it, or name another one as DockerRunnerOptions::engine");
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    throw Error(ErrorCode::unavailable, engine + " did not answer " + what +
                                            " in time; look at its log, or raise DockerRunnerOptions::call_timeout");
  }
  throw Error(ErrorCode::unavailable, engine + " broke off at " + what + " (" + ::curl_easy_strerror(code) +
                                          "); if it is being restarted, try again");
}

std::string EngineClient::version_path() {
  {
    const std::lock_guard lock(mutex_);
    if (!version_.empty()) return version_;
  }
  std::string version = negotiate();
  const std::lock_guard lock(mutex_);
  return version_ = std::move(version);
}

std::string EngineClient::negotiate() {
  const Answer answer = call("GET", "/version", nullptr, call_timeout_);
  std::optional<ApiVersion> oldest, newest;
  try {
    const boost::json::value document = parse_json(answer.ok() ? answer.body : "{}");
    oldest = version_in(document, "MinAPIVersion");
    newest = version_in(document, "ApiVersion");
  } catch (const Error&) {
    // What answers is no engine.
  }
  if (!newest) {
    throw Error(ErrorCode::sandbox_unavailable, "what answers at " + address_.text + " is no Docker engine (" +
                                                    answer.message() + "); mend DockerRunnerOptions::engine");
  }
  return "/v" + to_string(choose_api_version(oldest.value_or(ApiVersion{}), *newest));
}

}  // namespace pysandbox::docker
