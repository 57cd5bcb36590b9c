// Tells the world that jobs have ended, as their submitters asked for.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <pysandbox/job_store.hpp>
#include <pysandbox/sandbox.hpp>
#include <pysandbox/web_client.hpp>

namespace pysandbox {

// Threads: its own. What is owed is in the store, so a crash makes a callback late, or makes it come twice.
class CallbackSender {
 public:
  CallbackSender(JobStore& store, WebClient& web, const QueueOptions& options);
  ~CallbackSender();

 private:
  class Holding;

  void work(const std::stop_token& stop);
  bool send_next(const std::stop_token& stop);
  WebResult send(const Job& job, const std::stop_token& stop);
  void keep_leases(const std::stop_token& stop);
  void renew_leases();
  void tell_trouble(const std::string& sentence) const;

  JobStore& store_;
  WebClient& web_;
  const QueueOptions options_;
  std::mutex mutex_;  // guards the number
  std::condition_variable_any changed_;
  std::uint64_t changes_ = 0;
  std::mutex holding_;    // guards the next one, and is held while the store is told of it
  std::set<JobId> held_;  // those that are being sent
  std::condition_variable_any stopped_;
  std::unique_ptr<JobSubscription> subscription_;
  std::vector<std::jthread> threads_;
};

// The headers of Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature) for a body that is sent at
// `time`. With the prefix "whsec_" the key is what is behind it in Base64. An empty secret signs nothing.
std::map<std::string, std::string> callback_headers(const std::string& id, std::chrono::system_clock::time_point time,
                                                    const std::string& body, const std::string& secret);

}  // namespace pysandbox
