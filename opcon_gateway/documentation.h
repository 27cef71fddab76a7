#ifndef OPCON_SNOW_OPCON_GATEWAY_DOCUMENTATION_H_
#define OPCON_SNOW_OPCON_GATEWAY_DOCUMENTATION_H_

// What the site wrote about a daily job.

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/async/task.h"
#include "nlohmann/json.hpp"
#include "opcon/v1/daily_job.pb.h"
#include "opcon_gateway/call_scope.h"
#include "opcon_gateway/daily_jobs.h"
#include "opcon_gateway/rest_client.h"

namespace opcon_snow::opcon {

struct DocumentationAppended {
  ::opcon::v1::JobDocumentation documentation;
  bool changed = false;
};

// `text` as a paragraph of its own after `present`: with a blank line between,
// and the kind of line breaks that `present` has.
std::string AppendParagraph(absl::string_view present, absl::string_view text);

class Documentation {
 public:
  // Both must outlive every call.
  Documentation(RestClient* rest, DailyJobs* jobs) : rest_(rest), jobs_(jobs) {}

  // Empty texts if there is none; JOB_NOT_FOUND if there is no job.
  async::Task<absl::StatusOr<::opcon::v1::JobDocumentation>> Get(
      const ::opcon::v1::JobSelector& selector, const CallScope& scope);

  // Checked: changes nothing if the job's text contains `marker`.
  async::Task<absl::StatusOr<DocumentationAppended>> Append(
      const ::opcon::v1::JobSelector& selector, const std::string& text,
      const std::string& marker, const CallScope& scope);

 private:
  struct Found {
    std::string job_id;
    // As OpCon sent it; null if there is none.
    nlohmann::json value;
  };

  async::Task<absl::StatusOr<Found>> Find(
      const ::opcon::v1::JobSelector& selector, const CallScope& scope);

  RestClient* const rest_;
  DailyJobs* const jobs_;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_DOCUMENTATION_H_
