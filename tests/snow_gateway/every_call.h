#ifndef OPCON_SNOW_TESTS_SNOW_GATEWAY_EVERY_CALL_H_
#define OPCON_SNOW_TESTS_SNOW_GATEWAY_EVERY_CALL_H_

// Each RPC once, for tests that hold for all of them.

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "google/protobuf/message.h"
#include "servicenow/v1/servicenow_gateway.grpc.pb.h"

namespace opcon_snow {

// What the calls are about; all of it must be there.
struct CallSubject {
  // The configured instance to name.
  std::string instance;
  std::string incident_sys_id;
  std::string attachment_sys_id;
};

struct EveryCall {
  std::string name;
  // The request to the instance that the call is about, as faults match it.
  std::string method;
  std::string path;
  // It changes something.
  bool writes = false;
  // The reply as JSON. `unique`: part of what is written, so that a call is not
  // found done already.
  std::function<absl::StatusOr<std::string>(
      ::servicenow::v1::ServiceNowGateway::StubInterface& stub,
      const CallSubject& subject, const std::string& unique,
      const rpc::CallOptions& options)>
      run;
};

// In the order of the service. Paths name the records of `subject`.
std::vector<EveryCall> AllCalls(const CallSubject& subject);

std::string ToJson(const google::protobuf::Message& message);

}  // namespace opcon_snow

#endif  // OPCON_SNOW_TESTS_SNOW_GATEWAY_EVERY_CALL_H_
