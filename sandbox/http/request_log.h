#ifndef OPCON_SNOW_SANDBOX_HTTP_REQUEST_LOG_H_
#define OPCON_SNOW_SANDBOX_HTTP_REQUEST_LOG_H_

// The requests a sandbox has seen, for GET /_sandbox/requests.
//
// One entry:
//   {"n": 7, "time": "2026-01-05T10:11:12.123456Z", "method": "POST",
//    "path": "/api/a%2Fb",                      // as sent
//    "query": "sysparm_limit=1",                // as sent
//    "headers": {"authorization": "Basic admin:***", …},
//    "body": "…",                // UTF-8; only the first 64 KiB, then
//    "body_truncated": true,     //   this key is there, too
//    "body_base64": "…",         // in place of "body" if it is not UTF-8
//    "parts": [{"name":…, "file_name":…, "content_type":…, "body":…}],
//    "body_bytes": 12, "body_sha256": "…",
//    "status": 201,              // 0: no answer yet, or dropped without one
//    "applied": true,            // the model handled it
//    "fault": "drop_after"}      // the fault it met; absent if none
//
// Passwords, tokens and keys are masked in headers, in the query, and in form
// and JSON bodies; body_bytes and body_sha256 are those of the unmasked body.
//
// Bounded: at most 20,000 entries and 64 MiB of bodies; the oldest are
// forgotten.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "nlohmann/json.hpp"
#include "sandbox/http/message.h"

namespace opcon_snow::sandbox {

// Thread-safe.
class RequestLog {
 public:
  explicit RequestLog(std::size_t max_entries = 20000,
                      std::size_t max_bytes = std::size_t{64} << 20);

  // Returns a handle for Finish. The entry gets the next number, from 1.
  std::int64_t Add(const SandboxRequest& request);

  // Tells how a request ended. Nothing happens if it has been forgotten.
  void Finish(std::int64_t handle, int status, bool applied,
              const std::string& fault);

  // {"requests":[…], "last":N, "forgotten":N}
  nlohmann::json Since(std::int64_t n) const;

  // Numbers start at 1 again.
  void Clear();

 private:
  struct Entry {
    std::int64_t n;
    std::size_t bytes;
    nlohmann::json value;
  };

  mutable std::mutex mutex_;
  const std::size_t max_entries_;
  const std::size_t max_bytes_;
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
  std::int64_t last_ = 0;
  std::int64_t forgotten_ = 0;
  // Requests of before a Clear must not finish an entry of after it.
  std::int64_t offset_ = 0;
};

}  // namespace opcon_snow::sandbox

#endif  // OPCON_SNOW_SANDBOX_HTTP_REQUEST_LOG_H_
