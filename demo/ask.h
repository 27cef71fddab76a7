#ifndef OPCON_SNOW_DEMO_ASK_H_
#define OPCON_SNOW_DEMO_ASK_H_

// Asking the upstreams until they show what is waited for.

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "demo/narrator.h"
#include "nlohmann/json.hpp"
#include "tests/harness/jobs.h"
#include "tests/harness/process.h"
#include "tests/harness/suite.h"

namespace opcon_snow::demo {

inline constexpr char kTermination[] = "0000000005";

inline std::string Text(const nlohmann::json& record,
                        const std::string& field) {
  const auto found = record.find(field);
  return found != record.end() && found->is_string() ? found->get<std::string>()
                                                     : "";
}

// Waits for what the upstream shows to become `done`; keeps the last answer.
template <class Ask, class Done>
absl::StatusOr<nlohmann::json> AskUntil(Ask ask, Done done,
                                        absl::string_view what) {
  absl::StatusOr<nlohmann::json> answer = absl::UnknownError("not asked");
  const bool happened = harness::Eventually([&] {
    answer = ask();
    return answer.ok() && done(*answer);
  });
  if (happened) return answer;
  if (!answer.ok()) return answer.status();
  return absl::DeadlineExceededError(
      absl::StrCat(what, " did not happen; last seen: ", answer->dump()));
}

// The only incident, ticket and attachment that there must be.
inline absl::StatusOr<nlohmann::json> OnlyIncident(const harness::Suite& suite,
                                                   const harness::Job& job,
                                                   Narrator& narrator) {
  absl::StatusOr<nlohmann::json> found =
      AskUntil([&] { return harness::FindIncidents(suite, job); },
               [](const nlohmann::json& shown) { return !shown.empty(); },
               "the incident");
  if (!found.ok()) return found;
  narrator.Check(found->size() == 1, "there is exactly one for the job");
  return found->front();
}

inline absl::StatusOr<nlohmann::json> OnlyTicket(const harness::Suite& suite,
                                                 const harness::Job& job,
                                                 Narrator& narrator) {
  absl::StatusOr<nlohmann::json> found =
      AskUntil([&] { return harness::GetTickets(suite, job); },
               [](const nlohmann::json& shown) { return !shown.empty(); },
               "the ticket on the job");
  if (!found.ok()) return found;
  narrator.Check(found->size() == 1, "there is exactly one ticket");
  return found->front();
}

inline absl::StatusOr<nlohmann::json> OnlyAttachment(
    const harness::Suite& suite, const nlohmann::json& incident,
    Narrator& narrator) {
  absl::StatusOr<nlohmann::json> found = AskUntil(
      [&] { return harness::FindAttachments(suite, Text(incident, "sys_id")); },
      [](const nlohmann::json& shown) { return !shown.empty(); },
      "the attachment");
  if (!found.ok()) return found;
  narrator.Check(found->size() == 1, "there is exactly one attachment");
  return found->front();
}

}  // namespace opcon_snow::demo

#endif  // OPCON_SNOW_DEMO_ASK_H_
