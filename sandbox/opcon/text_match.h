#ifndef OPCON_SNOW_SANDBOX_OPCON_TEXT_MATCH_H_
#define OPCON_SNOW_SANDBOX_OPCON_TEXT_MATCH_H_

// How the API's text filters compare.

#include "absl/strings/string_view.h"

namespace opcon_snow::sandbox::opcon {

// Whether `text` contains something that `pattern` describes: "*" stands for
// any characters, "?" for exactly one, the rest for itself in any case (ASCII).
//
// It is not anchored at either end, so the filter JOB1 also finds JOB10 and
// MYJOB1: OpCon's filters return more than was asked for, and clients must
// compare names themselves. An empty pattern matches everything. "?" takes one
// character of UTF-8, not one byte. Linear in size of text times pattern.
bool OverMatches(absl::string_view pattern, absl::string_view text);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_TEXT_MATCH_H_
