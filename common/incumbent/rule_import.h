#ifndef OPCON_SNOW_COMMON_INCUMBENT_RULE_IMPORT_H_
#define OPCON_SNOW_COMMON_INCUMBENT_RULE_IMPORT_H_

// Attributes and tags of the incumbent's templates as native rules. For
// template_import.cc.

#include "absl/strings/string_view.h"
#include "common/incumbent/remark.h"
#include "common/incumbent/template_file.h"
#include "config/v1/template.pb.h"

namespace opcon_snow::incumbent {

// Lower-case letters, digits and _.
bool IsColumnName(absl::string_view name);

// True if the suite writes the column itself, in one way or another, or
// ServiceNow has no such column; says so unless the value is empty.
bool IsOwnColumn(const NamedValue& attribute, Remarks* remarks);

// Adds what the rule sets; false if that is nothing.
bool SetAttribute(const NamedValue& attribute, Remarks* remarks,
                  ::config::v1::TemplateRule* rule);

// A rule for each entry of `tags`, if tags are used.
void ImportTags(const TemplateFile& file, Remarks* remarks,
                ::config::v1::Template* native);

}  // namespace opcon_snow::incumbent

#endif  // OPCON_SNOW_COMMON_INCUMBENT_RULE_IMPORT_H_
