#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_TABLE_STORE_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_TABLE_STORE_H_

// The records, in memory. It knows inheritance (an incident is found in "task",
// too) but no rule of any table; see record_writer.h.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
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

// Not thread-safe. Pointers to records stay valid until they are erased.
class TableStore {
 public:
  // `dictionary` must outlive it.
  explicit TableStore(const Dictionary* dictionary) : dictionary_(dictionary) {}

  const Dictionary& dictionary() const { return *dictionary_; }

  // ALREADY_EXISTS if a record of the same root table has this sys_id; letters
  // of a sys_id are compared without case. `record.sys_id()` must be set.
  absl::Status Insert(Record record);

  // nullptr if there is none in `table` or in what extends it.
  Record* Find(absl::string_view table, absl::string_view sys_id);
  const Record* Find(absl::string_view table, absl::string_view sys_id) const;

  // Of `table` and all that extend it, in the order of insertion.
  std::vector<const Record*> All(absl::string_view table) const;

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

  // {"incident":[{…}],…}: every table by class; passwords are masked.
  nlohmann::json Describe() const;

  // Everything, readable by Restore.
  nlohmann::json Save() const;
  absl::Status Restore(const nlohmann::json& saved);

 private:
  // By the lower-case sys_id.
  using Records = std::map<std::string, Record, std::less<>>;

  const Dictionary* dictionary_;
  std::map<std::string, Records, std::less<>> roots_;
  std::map<std::string, int> numbers_;  // by table
  std::map<std::string, std::shared_ptr<const std::string>> contents_;
  std::uint64_t sequence_ = 0;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_TABLE_STORE_H_
