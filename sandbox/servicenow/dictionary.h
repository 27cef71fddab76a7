#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_DICTIONARY_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_DICTIONARY_H_

// The data dictionary: which tables there are, what each extends, and the type,
// length, choices and reference of every column. All that the sandbox knows
// about a table it knows from here, so that a new table is data, not code.

#include <cstddef>
#include <map>
#include <string>
#include <unordered_map>
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
  bool indexed = false;    // the table store finds its values without a scan

  // The label of a choice; the value itself if it is none.
  const std::string& LabelOf(const std::string& value) const;
};

struct Table {
  std::string name;
  std::string label;
  std::string parent{};         // the table it extends; empty for a root
  std::string display_field{};  // what a reference to it shows
  std::string number_prefix{};  // "INC"; empty: records have no number
  int first_number = 0;
  std::vector<Field> fields{};  // without inherited ones

  // Comma lists of roles, any of which permits it; empty: everybody may.
  // Administrators always may.
  std::string read_roles{};
  std::string write_roles{};

  // What sysparm_view=mobile shows; empty: everything.
  std::vector<std::string> mobile_fields{};
};

class Dictionary {
 public:
  // A table of the same name is replaced. Its parent must be there.
  void Add(Table table);

  // A column more for a table that is there; one of the same name is replaced.
  void AddField(absl::string_view table, Field field);

  // Pointers stay valid until the next Add or AddField. nullptr: there is none.
  const Table* FindTable(absl::string_view name) const;

  // Inherited fields too.
  const Field* FindField(absl::string_view table, absl::string_view name) const;

  // Own and inherited, by name. Valid as pointers are.
  const std::vector<const Field*>& FieldsOf(absl::string_view table) const;

  // Those of them that are indexed.
  const std::vector<const Field*>& IndexedFieldsOf(
      absl::string_view table) const;

  // The table at the top of the inheritance: "task" for "incident".
  std::string RootOf(absl::string_view table) const;

  // Also true if they are the same.
  bool Extends(absl::string_view table, absl::string_view ancestor) const;

  // The nearest display field up the inheritance; "sys_id" if there is none.
  std::string DisplayFieldOf(absl::string_view table) const;

  // Itself and every table that extends it.
  std::vector<std::string> ClassesOf(absl::string_view table) const;

  std::vector<std::string> TableNames() const;

 private:
  struct Entry {
    Table table;
    // Made at the first look-up, dropped by every Add.
    mutable bool ready = false;
    mutable std::vector<const Field*> fields;
    mutable std::vector<const Field*> indexed;
    mutable std::unordered_map<std::string, const Field*> by_name;
  };

  const Entry* FindEntry(absl::string_view name) const;

  std::map<std::string, Entry> tables_;
};

// The tables of this sandbox, as on a new instance: task, incident, problem,
// sys_user, sys_user_group, cmdb_ci with a few classes, sys_journal_field,
// sys_attachment, and those of PlatformTables.
Dictionary StandardDictionary();

// What the platform keeps in tables of its own: choices, properties, scripts,
// outbound REST messages, import sets, the log.
std::vector<Table> PlatformTables();

// For tables that are defined as data.
Field StringField(std::string name, std::string label, std::size_t length,
                  std::string default_value = "");
std::vector<Field> SystemFields();

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_DICTIONARY_H_
