#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_TABLE_STORE_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_TABLE_STORE_H_

// The records, in memory. It knows inheritance (an incident is found in "task",
// too) but no rule of any table; see record_writer.h.
//
// Columns that the dictionary marks as indexed are kept in order of their
// values, so that a look-up among 100,000 records touches only what it finds.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "sandbox/servicenow/dictionary.h"

namespace opcon_snow::sandbox::servicenow {

using FieldValues = std::map<std::string, std::string>;

struct Record {
  std::string table;  // its own class: "incident" even if found in "task"
  FieldValues values;
  std::uint64_t sequence = 0;  // order of insertion

  // "" if it is not set.
  const std::string& Get(const std::string& field) const;
  const std::string& sys_id() const { return Get("sys_id"); }
};

// 32 hexadecimal digits.
bool IsSysId(absl::string_view text);

// Values of an indexed column from `low` to `high`, both included; without
// `bounded_above` there is no upper end.
struct IndexRange {
  std::string low;
  std::string high;
  bool bounded_above = true;
};

// Not thread-safe. Pointers to records stay valid until they are erased.
class TableStore {
 public:
  // `dictionary` must outlive it. After a column of a table with records has
  // become indexed, call Reindex.
  explicit TableStore(const Dictionary* dictionary) : dictionary_(dictionary) {}

  TableStore(const TableStore&) = delete;
  TableStore& operator=(const TableStore&) = delete;

  const Dictionary& dictionary() const { return *dictionary_; }

  // ALREADY_EXISTS if a record of the same root table has this sys_id; letters
  // of a sys_id are compared without case. `record.sys_id()` must be set.
  absl::Status Insert(Record record);

  // Gives a stored record other values, of the same sys_id.
  void Replace(const Record& stored, FieldValues values);

  // nullptr if there is none in `table` or in what extends it.
  const Record* Find(absl::string_view table, absl::string_view sys_id) const;

  // Of `table` and all that extend it, in the order of insertion.
  std::vector<const Record*> All(absl::string_view table) const;
  std::size_t Count(absl::string_view table) const;

  // Those of them whose column has the value; ids compare without case.
  std::vector<const Record*> Lookup(absl::string_view table,
                                    const std::string& field,
                                    const std::string& value) const;

  // The records in `range`, by value and then by insertion, or the other way
  // round, until `visit` returns false. The column must be indexed. Several
  // classes come one after the other.
  void Walk(absl::string_view table, const Field& field,
            const IndexRange& range, bool descending,
            const std::function<bool(const Record&)>& visit) const;

  // The same for all records in the order of insertion; only for a table of one
  // class (see OneClass).
  void WalkAll(absl::string_view table,
               const std::function<bool(const Record&)>& visit) const;

  // At most one class of `table` has records.
  bool OneClass(absl::string_view table) const;

  void Erase(const Record& record);

  // What a reference to the record shows; "" if there is no such record.
  std::string DisplayValue(absl::string_view table,
                           absl::string_view sys_id) const;

  // "INC0010001" and on.
  std::string NextNumber(const Table& table);

  // The bytes of an attachment, by the sys_id of its sys_attachment record.
  void PutContent(const std::string& sys_id, std::string content);
  std::shared_ptr<const std::string> Content(const std::string& sys_id) const;

  void Clear();
  void Reindex();

  // Records handed out by All, Lookup, Walk and WalkAll so far: what a look-up
  // costs, in a unit that does not depend on the machine.
  std::uint64_t touched() const { return touched_; }

  // {"incident":[{…}],…}: every table by class; passwords are masked.
  nlohmann::json Describe() const;

  // Everything, readable by Restore.
  nlohmann::json Save() const;
  absl::Status Restore(const nlohmann::json& saved);

 private:
  struct IndexEntry {
    std::string value;
    std::uint64_t sequence;
    const Record* record;

    bool operator<(const IndexEntry& other) const {
      const int order = value.compare(other.value);
      return order != 0 ? order < 0 : sequence < other.sequence;
    }
  };
  using Index = std::set<IndexEntry>;
  struct ClassRecords {
    std::map<std::uint64_t, const Record*> by_sequence;
    std::map<std::string, Index> indexes;  // by column
  };
  // By the lower-case sys_id.
  using Records = std::unordered_map<std::string, std::unique_ptr<Record>>;

  // Compared without case if the column holds ids.
  static std::string IndexKey(const Field& field, const std::string& value);
  std::vector<const ClassRecords*> ClassesWithRecords(
      absl::string_view table) const;
  void AddToIndexes(const Record& record);
  void RemoveFromIndexes(const Record& record);

  const Dictionary* dictionary_;
  std::map<std::string, Records> roots_;
  std::map<std::string, ClassRecords> classes_;
  std::map<std::string, int> numbers_;  // by table
  std::map<std::string, std::shared_ptr<const std::string>> contents_;
  std::uint64_t sequence_ = 0;
  mutable std::uint64_t touched_ = 0;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_TABLE_STORE_H_
