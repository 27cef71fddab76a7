#ifndef OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_RANDOM_FACTS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_RANDOM_FACTS_H_

// Failures of jobs that are drawn at random, for property tests: with all that
// OpCon may say of a job, and what it will never say. To be called inside a
// property of RapidCheck.

#include <string>

#include "incident_service/templates/facts.h"

namespace opcon_snow::incident {

// Valid UTF-8 of any length: printable characters, those that mean something to
// Mustache, JSON, queries or headers, line breaks, control characters,
// characters of two to four bytes.
std::string RandomText();

// A moment in years from before 1970 to far in the future; often at midnight or
// where clocks are put forward or back.
absl::Time RandomMoment();

struct RandomFacts {
  ::incident::v1::Failure failure;
  ::opcon::v1::DailyJob job;
  ::incident_store::v1::TemplateContext context;
  std::string previous_ticket;

  TemplateFacts facts() const;
};

// Tags are often among `tags`.
RandomFacts DrawFacts(const std::vector<std::string>& tags = {});

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_RANDOM_FACTS_H_
