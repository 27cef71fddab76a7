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
//   - an empty reference on the way of a dot-walk gives an empty value;
//   - 123TEXTQUERY321 finds words in any text column, without case.
//
// A look-up by =, IN, STARTSWITH, BETWEEN or an inequality on an indexed column
// touches only the records in that range; see TableStore.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sandbox/servicenow/dictionary.h"
#include "sandbox/servicenow/query.h"
#include "sandbox/servicenow/query_environment.h"
#include "sandbox/servicenow/table_store.h"

namespace opcon_snow::sandbox::servicenow {

// The way to a value: columns, each but the last a reference.
using FieldPath = std::vector<const Field*>;

// Empty if there is no such column, or a column on the way is no reference.
FieldPath ResolvePath(const Dictionary& dictionary, absl::string_view table,
                      absl::string_view dotted);

// Less than, equal to or greater than 0: numbers in integer columns, else text.
int CompareValues(const Field& field, const std::string& a,
                  const std::string& b);

// "" at the first reference that is empty or broken.
const std::string& ValueAt(const TableStore& store, const Record& record,
                           const FieldPath& path);

// For a reference the display value of what it points to, for a choice its
// label, else the value.
std::string ShownAt(const TableStore& store, const Record& record,
                    const FieldPath& path);

// A query with its columns resolved for one table. Conditions and orders on
// columns that do not exist are dropped.
class BoundQuery {
 public:
  struct Slice {
    std::vector<const Record*> records;
    // How many match in all; if that was not wanted, at least as many as were
    // found.
    std::size_t total = 0;
  };

  // `dictionary` and `store` must outlive it.
  BoundQuery(const Dictionary& dictionary, const TableStore& store,
             absl::string_view table, const Query& query,
             const QueryEnvironment& environment = {});
  ~BoundQuery();

  // The query had a part that was dropped, here or when it was parsed.
  bool dropped_a_part() const { return dropped_; }

  // An expression that nobody can evaluate; "" if there is none.
  const std::string& unknown_expression() const { return unknown_; }

  // The matching records of the table in the order asked for, else in that of
  // their insertion.
  std::vector<const Record*> Run() const;

  // Only those from `offset` on, at most `limit`. Without `count` it stops as
  // soon as it has them.
  Slice Run(std::size_t offset, std::size_t limit, bool count) const;

  // Whether a record of the table fulfils it. The operators that look at a
  // change compare with `previous`; null: with empty columns.
  bool Matches(const Record& record, const Record* previous = nullptr) const;

 private:
  struct BoundCondition {
    FieldPath path;
    Operator op;
    std::string value;
    FieldPath other;                // of this or, for kJoin, the other table
    std::string table;              // kJoin, kRelated: the other table
    std::vector<std::string> list;  // IN; ON and BETWEEN: from, to; words
    std::shared_ptr<const BoundQuery> inner;
  };
  using BoundOr = std::vector<BoundCondition>;
  using BoundAnd = std::vector<BoundOr>;
  struct BoundOrder {
    FieldPath path;
    bool descending;
  };
  // The records of a range of an indexed column hold every match.
  struct Plan {
    const Field* field;
    std::vector<IndexRange> ranges;
    bool exact;     // … and nothing else
    bool equality;  // few are expected
  };

  void BindGroup(const AndList& group);
  // False: it is dropped.
  bool Bind(const Condition& condition, BoundCondition& bound);
  bool BindOtherTable(const Condition& condition, BoundCondition& bound);
  bool BindRelative(const Condition& condition, BoundCondition& bound);
  // Replaces "javascript:…" by its value.
  std::string Evaluated(absl::string_view value);
  std::optional<Plan> PlanFor(const BoundAnd& group) const;
  static std::optional<Plan> PlanFor(const BoundCondition& condition);
  std::vector<const Record*> Candidates() const;
  void Sort(std::vector<const Record*>& records) const;
  // Only along an index that gives the order asked for; nullopt: there is none.
  std::optional<Slice> RunInOrder(std::size_t offset, std::size_t limit,
                                  bool count) const;
  bool Holds(const Record& record, const Record* previous,
             const BoundCondition& condition) const;
  // The three operators that compare with the record as it was before.
  bool HoldsOfChange(const Record& record, const Record* previous,
                     const BoundCondition& condition) const;
  bool HoldsOnOtherTable(const Record& record,
                         const BoundCondition& condition) const;
  bool HoldsText(const Record& record, const BoundCondition& condition) const;

  const Dictionary& dictionary_;
  const TableStore& store_;
  const std::string table_;
  const QueryEnvironment environment_;
  bool dropped_;
  std::string unknown_;
  std::vector<BoundAnd> groups_;
  std::vector<BoundOrder> order_;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_QUERY_MATCH_H_
