#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_SILENCE_POLICY_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_SILENCE_POLICY_H_

// Which failures a silence is about. Pure functions.

#include <string>
#include <vector>

#include "incident/v1/operations.pb.h"
#include "incident/v1/report.pb.h"
#include "incident_store/v1/records.pb.h"

namespace opcon_snow::incident {

// Whether the silence is about this report, whose job and failure `memo` knows.
// Its time is not looked at.
bool Fits(const ::incident::v1::Silence& silence,
          const ::incident::v1::Report& report,
          const ::incident_store::v1::Memo& memo);

// What is wrong with a matcher, for people; empty if it is all right.
std::string MatcherProblem(const ::incident::v1::Matcher& matcher);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_SILENCE_POLICY_H_
