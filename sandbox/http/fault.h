#ifndef OPCON_SNOW_SANDBOX_HTTP_FAULT_H_
#define OPCON_SNOW_SANDBOX_HTTP_FAULT_H_

// Faults on demand: what POST /_sandbox/faults takes and which request it hits.
//
//   {"match": {"method": "POST",            // any if absent
//              "path": "/api/now/table/*",  // any if absent
//              "query": "sysparm_limit=2",  // part of the decoded query string
//              "body": "JOB001"},           // part of the body
//    "skip": 0,                             // matching requests let through
//    "times": 1,                            // requests hit; -1 = for ever
//    "action": {"kind": "status", "status": 503}}
//
// `path` is compared as a whole, or as a prefix if it ends with "*". Any of
// three spellings may match: as it was sent, decoded, and the sandbox's
// canonical one (ServiceNow: without the API version; OpCon: see there).
// Numbers must be whole; a key that is not known is an error.
//
//   kind          further keys of `action`          the request is applied?
//   status        status, headers, body,            no
//                 content_type, body_base64
//   status_after  the same                          yes, its answer is replaced
//   delay         ms                                yes, later. Does not count
//                                                   as the one fault a request
//                                                   gets: the next may match
//                                                   too
//   drop_before   -                                 no; connection closed
//                                                   without one byte
//   drop_after    -                                 yes; the same
//   truncate      bytes                             yes; the body is cut after
//                                                   so many bytes although
//                                                   Content-Length has them
//                                                   all, then the connection
//                                                   closes
//   slow          bytes_per_second                  yes; the body drips
//   html          status (200), body, headers       no; text/html
//   body          status (200), body or             no
//                 body_base64, content_type
//                 (application/json), headers
//   empty_202     headers                           no; 202, no body
//
// With several faults the first one posted that matches and is not used up is
// taken.

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "sandbox/http/message.h"

namespace opcon_snow::sandbox {

enum class FaultKind {
  kStatus,
  kStatusAfter,
  kDelay,
  kDropBefore,
  kDropAfter,
  kTruncate,
  kSlow,
  kHtml,
  kBody,
  kEmpty202,
};

struct Fault {
  std::int64_t id = 0;

  // Empty fields match everything.
  std::string method;
  std::string path;
  std::string query;
  std::string body;

  std::int64_t skip = 0;
  std::int64_t times = 1;
  std::int64_t hits = 0;

  FaultKind kind = FaultKind::kStatus;
  int status = 0;
  QueryPairs headers;
  std::optional<std::string> answer_body;  // as bytes
  std::string content_type;
  std::int64_t milliseconds = 0;
  std::int64_t bytes = 0;
  std::int64_t bytes_per_second = 0;
};

// INVALID_ARGUMENT with a sentence that names the key at fault.
absl::StatusOr<Fault> ParseFault(const nlohmann::json& value);

nlohmann::json FaultToJson(const Fault& fault);

// The faults that are armed. Thread-safe.
class FaultBoard {
 public:
  using CanonicalPath = std::function<std::string(const std::string&)>;

  explicit FaultBoard(CanonicalPath canonical_path = nullptr)
      : canonical_path_(std::move(canonical_path)) {}

  // Returns its id; ids start at 1 and are not given twice.
  std::int64_t Add(Fault fault);

  // False if there is no such fault.
  bool Remove(std::int64_t id);

  void Clear();

  // In the order added, the used-up ones too.
  std::vector<Fault> List() const;

  // The faults that this request gets, counted as used: any number of delays,
  // and at most one of another kind, which is the last.
  std::vector<Fault> Take(const SandboxRequest& request);

 private:
  bool Matches(const Fault& fault, const SandboxRequest& request,
               const std::string& body, const std::string& query) const;

  const CanonicalPath canonical_path_;
  mutable std::mutex mutex_;
  std::vector<Fault> faults_;
  std::int64_t last_id_ = 0;
};

}  // namespace opcon_snow::sandbox

#endif  // OPCON_SNOW_SANDBOX_HTTP_FAULT_H_
