#ifndef OPCON_SNOW_INCIDENT_SERVICE_HTTP_PROBLEM_H_
#define OPCON_SNOW_INCIDENT_SERVICE_HTTP_PROBLEM_H_

// Requests, answers and problem documents of the door.

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/web/message.h"
#include "common/web/problem.h"

namespace opcon_snow::incident::http {

using web::Answer;
using web::Fault;
using web::Handler;
using web::Request;

inline constexpr char kDomain[] = "incident-service";

inline Answer Problem(Fault fault, absl::string_view detail) {
  return web::Problem(fault, detail, kDomain);
}

inline Answer Problem(const absl::Status& error) {
  return web::Problem(error, kDomain);
}

}  // namespace opcon_snow::incident::http

#endif  // OPCON_SNOW_INCIDENT_SERVICE_HTTP_PROBLEM_H_
