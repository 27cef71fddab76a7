#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_QUERY_MATCH_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_QUERY_MATCH_H_

// Runs encoded queries over the records.
//
// How values compare:
//   - with case, except sys_ids;
//   - <, > and BETWEEN as numbers where the column is an integer, else as text,
//     which is right for dates, too;
//   - LIKE, STARTSWITH, ENDSWITH and ORDERBY on a reference by what it shows;
//   - !=, NOT IN and NOT LIKE hold for empty values;
//   - an empty reference on the way of a dot-walk gives an empty value.

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sandbox/servicenow/dictionary.h"
#include "sandbox/servicenow/query.h"
#include "sandbox/servicenow/table_store.h"

namespace opcon_snow::sandbox::servicenow {

// The way to a value: columns, each but the last a reference.
using FieldPath = std::vector<const Field*>;

// Empty if there is no such column, or a column on the way is no reference.
FieldPath ResolvePath(const Dictionary& dictionary, absl::string_view table,
                      absl::string_view dotted);

// "" at the first reference that is empty or broken.
std::string ValueAt(const TableStore& store, const Record& record,
                    const FieldPath& path);

// For a reference the display value of what it points to, for a choice its
// label, else the value.
std::string ShownAt(const TableStore& store, const Record& record,
                    const FieldPath& path);

// A query with its columns resolved for one table. Conditions and orders on
// columns that do not exist are dropped.
class BoundQuery {
 public:
  // `dictionary` and `store` must outlive it.
  BoundQuery(const Dictionary& dictionary, const TableStore& store,
             absl::string_view table, const Query& query);

  // The query had a part that was dropped, here or when it was parsed.
  bool dropped_a_part() const { return dropped_; }

  // The matching records of the table in the order asked for, else in that of
  // their insertion.
  std::vector<const Record*> Run() const;

 private:
  struct BoundCondition {
    FieldPath path;
    Operator op;
    std::string value;
    FieldPath other;  // for SAMEAS
  };
  using BoundOr = std::vector<BoundCondition>;
  using BoundAnd = std::vector<BoundOr>;
  struct BoundOrder {
    FieldPath path;
    bool descending;
  };

  void BindGroup(const AndList& group);
  bool Matches(const Record& record) const;
  bool Holds(const Record& record, const BoundCondition& condition) const;

  const Dictionary& dictionary_;
  const TableStore& store_;
  const std::string table_;
  bool dropped_;
  std::vector<BoundAnd> groups_;
  std::vector<BoundOrder> order_;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_QUERY_MATCH_H_
