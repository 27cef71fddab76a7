#ifndef OPCON_SNOW_SNOW_GATEWAY_ERROR_MAPPING_H_
#define OPCON_SNOW_SNOW_GATEWAY_ERROR_MAPPING_H_

// What an answer of ServiceNow, or its absence, means: the one table of this
// gateway. docs/decisions/http-to-canonical-codes.md says why it is as it is.
//
// Two steps: answer_kind.h tells the answers apart, the table here says what
// each kind means.

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/http/limiter.h"
#include "common/http/transport.h"
#include "nlohmann/json.hpp"
#include "servicenow/v1/instance.pb.h"
#include "snow_gateway/answer_kind.h"
#include "snow_gateway/errors.h"

namespace opcon_snow::snow {

// Whether it matters that a request may have been carried out although no
// usable answer came.
enum class Effect { kRead, kWrite };

// What becomes of RetryInfo.
enum class RetryAdvice {
  kNone,        // none: the code says it all
  kIfTold,      // as the answer's Retry-After says, if it has one
  kUntilReset,  // Retry-After, else the reset of the rate rule, else a minute
  kShortly,     // Retry-After, else five seconds
};

struct Meaning {
  AnswerKind kind;
  Reason reason;
  // For an effect of kWrite; a read leaves no doubt.
  Doubt doubt;
  RetryAdvice retry;
  // For the limiter.
  http::Limiter::Outcome load;
  // What it says of the instance's health.
  ::servicenow::v1::HealthState health;
  // What happened, and what to do about it.
  absl::string_view what;
  absl::string_view mend;
};

const Meaning& MeaningOf(AnswerKind kind);

// A request, as errors and logs name it: nothing of query, headers and body.
struct RequestFacts {
  std::string instance;
  http::Method method = http::Method::kGet;
  // "/api/now/v2/table/incident/<sys_id>".
  std::string path;
  Effect effect = Effect::kRead;
  Endpoint endpoint = Endpoint::kRecords;
  std::string table;
  std::string sys_id;
};

// An answer judged.
struct Verdict {
  AnswerKind kind = AnswerKind::kOk;
  // With doubt, details and message; OK exactly if `kind` is kOk.
  absl::Status status;
  // Of an OK answer. Null where the body went elsewhere.
  nlohmann::json body;
};

// `now` is what absolute times in headers are compared with. `scrub` takes
// secrets out of what the instance says about the failure.
Verdict Judge(const RequestFacts& facts, const http::Result& result,
              absl::Time now, const Scrub& scrub = nullptr);

// The error for a reply that is JSON and no error, but not what the API
// promises; `why` quotes nothing of it.
absl::Status UnexpectedReply(const RequestFacts& facts, absl::string_view why);

// "ServiceNow instance prod, POST /api/now/v2/table/incident".
std::string Describe(const RequestFacts& facts);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_ERROR_MAPPING_H_
