#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_FAILPOINT_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_FAILPOINT_H_

// Places where tests make the process die: before and after every call
// upstream and every commit of the store. In the product nothing is installed
// and a failpoint is one load and one branch.

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::incident {

using FailpointHandler = void (*)(absl::string_view name);

// For a test's main function, before anything runs.
void InstallFailpointHandler(FailpointHandler handler);

// `name` ends with `.before` or `.after` and begins with
// - `call.<RPC>`: a call to a gateway, reading or writing;
// - `commit.<WHAT>`: a write of the store that something depends on: REPORT (an
//   observation is taken in), OWN (a failure gets its report), PLAN (what a
//   step is about to do), or the name of a step (how an attempt ended).
void Failpoint(absl::string_view name);

// `work()` between the failpoints `<name>.before` and `<name>.after`.
template <class Work>
auto BetweenFailpoints(absl::string_view name, Work work) -> decltype(work()) {
  Failpoint(absl::StrCat(name, ".before"));
  auto result = work();
  Failpoint(absl::StrCat(name, ".after"));
  return result;
}

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_FAILPOINT_H_
