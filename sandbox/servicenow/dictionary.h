#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_DICTIONARY_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_DICTIONARY_H_

// The data dictionary: which tables there are, what each extends, and the type,
// length, choices and reference of every column. All that the sandbox knows
// about a table it knows from here, so that a new table is data, not code.

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace opcon_snow::sandbox::servicenow {

enum class FieldType {
  kString,
  kInteger,
  kBoolean,      // "true" or "false"
  kDateTime,     // "yyyy-MM-dd HH:mm:ss" in UTC; empty if there is none
  kGuid,         // a sys_id
  kReference,    // a sys_id of `Field::reference`
  kJournal,      // input only: what is written goes to sys_journal_field
  kJournalList,  // read-only view of all journals
  kPassword,     // can be written, is never shown
};

struct Choice {
  std::string value;
  std::string label;
};

struct Field {
  std::string name;
  std::string label;
  FieldType type = FieldType::kString;
  std::size_t max_length = 40;  // characters; longer values are cut off
  std::string reference;        // the table a kReference points to
  std::string default_value;
  std::vector<Choice> choices;
  bool read_only = false;  // kept by the platform; input is ignored

  // The label of a choice; the value itself if it is none.
  const std::string& LabelOf(const std::string& value) const;
};

struct Table {
  std::string name;
  std::string label;
  std::string parent;         // the table it extends; empty for a root
  std::string display_field;  // what a reference to it shows
  std::string number_prefix;  // "INC"; empty: records have no number
  int first_number = 0;
  std::vector<Field> fields;  // without inherited ones
};

class Dictionary {
 public:
  // A table or field of the same name is replaced. Its parent must be there.
  void Add(Table table);

  // Pointers stay valid until the next Add. nullptr: there is none.
  const Table* FindTable(absl::string_view name) const;

  // Inherited fields too.
  const Field* FindField(absl::string_view table, absl::string_view name) const;

  // Own and inherited.
  std::vector<const Field*> FieldsOf(absl::string_view table) const;

  // The table at the top of the inheritance: "task" for "incident".
  std::string RootOf(absl::string_view table) const;

  // Also true if they are the same.
  bool Extends(absl::string_view table, absl::string_view ancestor) const;

  // The nearest display field up the inheritance; "sys_id" if there is none.
  std::string DisplayFieldOf(absl::string_view table) const;

  std::vector<std::string> TableNames() const;

 private:
  std::map<std::string, Table, std::less<>> tables_;
};

// The tables of this sandbox, as on a new instance: task, incident, problem,
// sys_user, sys_user_group, cmdb_ci with a few classes, sys_journal_field,
// sys_attachment.
Dictionary StandardDictionary();

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_DICTIONARY_H_
