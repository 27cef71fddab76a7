#ifndef OPCON_SNOW_SNOW_GATEWAY_QUERY_H_
#define OPCON_SNOW_SNOW_GATEWAY_QUERY_H_

// ServiceNow's encoded queries, from parts:
//
//   absl::StatusOr<BoundedQuery> query = Query(IncidentQueryColumns())
//                                            .Equals("correlation_id", key)
//                                            .Equals("active", "true")
//                                            .OrderBy("sys_id")
//                                            .Build(/*limit=*/2);
//
// The language has no escape for "^", nor for "," in lists, and it runs values
// that begin with "javascript:" on the server. So values that it cannot carry
// as data are refused, and no value ever changes the number of conditions.
// ServiceNow drops conditions that it does not understand, without a word, and
// then returns everything: so only listed columns can be named, every query has
// a limit, and whoever reads the rows must compare them again.

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "snow_gateway/query_syntax.h"

namespace opcon_snow::snow {

// The columns that a query may name.
using QueryColumns = std::set<std::string>;

// Those that this gateway asks for by itself: of incidents, of
// sys_journal_field, of sys_attachment.
const QueryColumns& IncidentQueryColumns();
const QueryColumns& JournalQueryColumns();
const QueryColumns& AttachmentQueryColumns();

// A query that was checked, with its limit; only Query makes one.
class BoundedQuery {
 public:
  const std::string& text() const { return text_; }
  int limit() const { return limit_; }

 private:
  friend class Query;
  BoundedQuery(std::string text, int limit)
      : text_(std::move(text)), limit_(limit) {}

  std::string text_;
  int limit_;
};

class Query {
 public:
  static constexpr int kMaxLimit = 1000;

  // `columns`: those that may be named, beside sys_id.
  explicit Query(QueryColumns columns) : columns_(std::move(columns)) {}

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
  // cannot be expressed, for a column that may not be named, for a limit that
  // is not 1 to kMaxLimit, and for a query without any condition: it would mean
  // every record.
  absl::StatusOr<BoundedQuery> Build(int limit) const;

 private:
  bool CheckColumn(absl::string_view column);
  Query& Add(absl::string_view column, absl::string_view op,
             absl::string_view value, absl::string_view joint = "");
  void Fail(absl::string_view column, absl::string_view fault);

  QueryColumns columns_;
  std::vector<std::string> conditions_;
  std::vector<std::string> order_;
  std::string fault_;
};

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_QUERY_H_
