#ifndef OPCON_SNOW_TESTS_OPCON_GATEWAY_CALLS_H_
#define OPCON_SNOW_TESTS_OPCON_GATEWAY_CALLS_H_

// Every call of OpConGateway, made with a job of its own, so that whole tables
// of situations can be tried with each.

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "opcon/v1/opcon_gateway.grpc.pb.h"

namespace opcon_snow {

// What a call is made with.
struct CallSubject {
  std::string instance;
  // Of a failed job in the schedule kScheduleId, with a log.
  std::string job_id;
  std::int64_t job_uid = 0;
  std::int32_t job_number = 0;
  std::string schedule_id;
  std::string schedule_name;
  absl::Duration timeout = absl::Seconds(30);
};

enum class CallEffect { kRead, kWrite };

struct GatewayCall {
  std::string name;
  CallEffect effect = CallEffect::kRead;
  // What a sandbox's fault has to match to hit the request that the call is
  // about; what it looks up before is another one.
  std::function<nlohmann::json(const CallSubject&)> key_request;
  std::function<absl::Status(::opcon::v1::OpConGateway::StubInterface&,
                             const CallSubject&)>
      make;
  // The reason of the error if OpCon answers 404 to the key request; empty if
  // that is no error.
  std::string when_missing;
};

// All but ListInstances, which shows faults in its list and never fails.
const std::vector<GatewayCall>& AllCalls();

}  // namespace opcon_snow

#endif  // OPCON_SNOW_TESTS_OPCON_GATEWAY_CALLS_H_
