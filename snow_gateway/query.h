#ifndef OPCON_SNOW_SNOW_GATEWAY_QUERY_H_
#define OPCON_SNOW_SNOW_GATEWAY_QUERY_H_

// ServiceNow's encoded queries, from parts:
//
//   absl::StatusOr<std::string> query = Query()
//                                           .Equals("correlation_id", key)
//                                           .Equals("active", "true")
//                                           .OrderBy("sys_id")
//                                           .Build();
//
// The language has no escape for "^", nor for "," in lists, and it runs values
// that begin with "javascript:" on the server. So values that it cannot carry
// as data are refused, and no value ever changes the number of conditions.
// ServiceNow drops conditions that it does not understand, without a word:
// whoever reads the rows must compare them again.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "snow_gateway/query_syntax.h"

namespace opcon_snow::snow {

class Query {
 public:
  Query& Equals(absl::string_view column, absl::string_view value);
  // Any of `values`; with one value the same as Equals.
  Query& In(absl::string_view column, const std::vector<std::string>& values);
  Query& After(absl::string_view column, absl::string_view value);
  Query& NotBefore(absl::string_view column, absl::string_view value);
  Query& Contains(absl::string_view column, absl::string_view value);
  // Later than `time` by the column, or at that time with a greater sys_id.
  Query& AfterPosition(absl::string_view time_column, absl::string_view time,
                       absl::string_view sys_id);
  Query& OrderBy(absl::string_view column);

  // INVALID_ARGUMENT, reason INVALID_REQUEST, for a column or value that
  // cannot be expressed, and for a query without any condition: it would mean
  // every record.
  absl::StatusOr<std::string> Build() const;

 private:
  Query& Add(absl::string_view column, absl::string_view op,
             absl::string_view value, absl::string_view joint = "");
  void Fail(absl::string_view column, absl::string_view fault);

  std::vector<std::string> conditions_;
  std::vector<std::string> order_;
  std::string fault_;
};

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_QUERY_H_
