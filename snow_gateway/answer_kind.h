#ifndef OPCON_SNOW_SNOW_GATEWAY_ANSWER_KIND_H_
#define OPCON_SNOW_SNOW_GATEWAY_ANSWER_KIND_H_

// Tells the answers of ServiceNow apart: by transport error, HTTP status and
// the form of the body, and in four places, all in this file's
// implementation, by words of it, because ServiceNow gives nothing better: a
// business rule's abort, a data policy, a quota, a hibernating instance. What
// each kind means is in error_mapping.h.

#include <functional>
#include <string>

#include "common/http/transport.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::snow {

// Where a 4xx means something of its own.
enum class Endpoint {
  kRecords,
  kAttachmentUpload,   // then a refusal is about the file
  kAttachmentContent,  // then a 2xx body is the file's, not JSON
};

// Every answer that is told apart. The order is that of the table.
enum class AnswerKind {
  kOk,
  // HTTP answers.
  kEmptyAccepted,    // 202 without body: too many calls in one session
  kErrorInAnswer,    // 2xx, but the JSON has an `error`: cut off by a quota
  kBrokenJson,       // 2xx, announced as JSON, cannot be read
  kNotServiceNow,    // another server's page or redirect
  kHibernating,      // the page of a developer instance that sleeps
  kMalformed,        // 400
  kUnauthenticated,  // 401
  kBusinessRule,     // 403, aborted by one
  kDataPolicy,       // 403, mandatory fields
  kForbidden,        // 403, any other
  kNotFound,         // 404
  kUnacceptable,     // 405, 406, 411, 413, 414, 415, 422
  kRequestTimeout,   // 408
  kConflict,         // 409
  kRateRule,         // 429 that says until when, or by which rule
  kSemaphore,        // 429 that does not
  kOtherRefusal,     // any other 4xx
  kAborted,          // 499: the instance cancelled it
  kQuota,            // 500 that says it: over the time for a transaction
  kInternal,         // 500 and 5xx without a row of their own
  kProxyFailure,     // 502, 504
  kUnavailable,      // 503
  // Transport errors.
  kNotSendable,    // refused here
  kUnreachable,    // resolve, connect, TLS, or broken before anything was sent
  kTimeout,        // no answer in time
  kBroken,         // the connection broke after something was sent
  kNotHttp,        // what came is not HTTP
  kTooLarge,       // over our bound
  kGivenUp,        // by the caller or the process
  kNumberOfKinds,  // no kind
};

// What an error says in ServiceNow's envelope, cut to a few hundred bytes each.
struct UpstreamWords {
  std::string message;
  std::string detail;
};

// The body of an answer, as far as it is of use.
struct ParsedBody {
  bool announced_as_json = false;
  // An object; null if the body is none.
  nlohmann::json json;
  // It is an object with an error in it, whatever the HTTP status says.
  bool has_error = false;
  UpstreamWords words;
};

// `scrub` takes secrets out of ServiceNow's words; null: there can be none.
using Scrub = std::function<std::string(std::string)>;
ParsedBody ParseBody(const http::Response& response, const Scrub& scrub);

AnswerKind KindOf(const http::Response& response, const ParsedBody& body,
                  Endpoint endpoint);
AnswerKind KindOf(const http::TransportError& error);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_ANSWER_KIND_H_
