#ifndef OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_INHERITANCE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_INHERITANCE_H_

// config.v1.Template.inherit.

#include "config/v1/template.pb.h"

namespace opcon_snow::incident {

// `own` with the settings of `base` where it has none. `base` is complete
// already.
::config::v1::Template Inherited(const ::config::v1::Template& own,
                                 const ::config::v1::Template& base);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_INHERITANCE_H_
