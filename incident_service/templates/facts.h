#ifndef OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_FACTS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_FACTS_H_

// The names that templates may use, and their values for one failure.

#include <string>

#include "incident/v1/job_event.pb.h"
#include "incident_service/templates/mustache_text.h"
#include "incident_service/templates/template_set.h"

namespace opcon_snow::incident {

MustacheValues ValuesOf(const TemplateFacts& facts);

// Every name, with empty values.
const MustacheValues& KnownNames();

// What happened, in words that follow "job X": `failed`.
std::string EventWords(::incident::v1::EventKind kind);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_FACTS_H_
