#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_RECORD_WRITER_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_RECORD_WRITER_H_

// Inserts, updates and deletes with everything the platform does on the way:
// types, lengths, defaults, numbers, journals, the sys_ columns, and the rules
// of task and incident.

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sandbox/servicenow/dictionary.h"
#include "sandbox/servicenow/settings.h"
#include "sandbox/servicenow/table_store.h"

namespace opcon_snow::sandbox::servicenow {

// Who does it.
struct Actor {
  std::string sys_id;
  std::string user_name;
  bool admin = false;
  std::string roles{};  // comma list
};

// Whether a comma list of roles has one, or "admin", which has all.
bool ListsRole(const std::string& roles, const std::string& role);

class RecordHooks;

// How one change is made.
struct WriteMode {
  // Values are display values: names, labels, local times.
  bool input_is_shown = false;
  bool run_hooks = true;
  bool system_fields = true;  // sys_updated_on and its kind are kept
  bool from_script = false;   // a sys_id is honoured whatever the switch says
};

// Not thread-safe.
class RecordWriter {
 public:
  // All must outlive it. `make_sys_id` gives ids that were not given before.
  RecordWriter(const Dictionary* dictionary, TableStore* store,
               const Settings* settings, Clock clock,
               std::function<std::string()> make_sys_id);

  // Who is told of every change; null: nobody. Must outlive it.
  void SetHooks(RecordHooks* hooks) { hooks_ = hooks; }

  // Columns that do not exist or that the platform keeps are ignored.
  // Errors, whose text is the `detail` of the answer:
  //   PERMISSION_DENIED  a policy or rule refused it
  //   ALREADY_EXISTS     the sys_id is taken
  absl::StatusOr<const Record*> Insert(const std::string& table,
                                       const FieldValues& input,
                                       const Actor& actor, WriteMode mode = {});

  // Nothing is written if nothing changes.
  absl::StatusOr<const Record*> Update(const Record& record,
                                       const FieldValues& input,
                                       const Actor& actor, WriteMode mode = {});

  // With its journal and attachments.
  absl::Status Delete(const Record& record, const Actor& actor,
                      WriteMode mode = {});

  std::string NewSysId() const { return make_sys_id_(); }

  // What a display value stands for, as it is stored.
  std::string FromShown(const Field& field, const std::string& shown) const {
    return Convert(field, shown, /*input_is_shown=*/true);
  }

  // For seed data and attachments: `values` are stored as they are, also in
  // read-only columns, beside defaults and number; no policy is asked.
  absl::StatusOr<const Record*> Store(const std::string& table,
                                      const FieldValues& values,
                                      const Actor& actor);

 private:
  // The value as it is stored: mapped, of its type, cut to its length.
  std::string Convert(const Field& field, const std::string& value,
                      bool input_is_shown) const;
  std::string FindByDisplayValue(const std::string& table,
                                 const std::string& shown) const;
  FieldValues Accepted(const std::string& table, const FieldValues& input,
                       bool input_is_shown) const;
  void FillDefaults(Record& record, const Actor& actor);
  // The texts for journal columns.
  FieldValues JournalInput(const std::string& table,
                           const FieldValues& input) const;
  void WriteJournals(const Record& record, const FieldValues& journals,
                     const Actor& actor);
  // Runs the hooks before a change. `after` is what will be stored, `journals`
  // what will be written into journals; both may be changed.
  absl::Status RunBefore(const Record* before, Record& after,
                         FieldValues& journals, const Actor& actor);
  // Runs those after it and queues the rest.
  absl::Status RunAfter(const std::optional<Record>& before,
                        const Record& after, const FieldValues& journals,
                        const Actor& actor);
  absl::Status ApplyRules(const Record* before, Record& after,
                          const Actor& actor, bool run_hooks,
                          FieldValues& journals);
  absl::StatusOr<const Record*> Add(Record record);
  absl::StatusOr<const Record*> Stored(const std::string& table,
                                       const std::string& sys_id);

  const Dictionary* dictionary_;
  TableStore* store_;
  const Settings* settings_;
  const Clock clock_;
  const std::function<std::string()> make_sys_id_;
  RecordHooks* hooks_ = nullptr;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_RECORD_WRITER_H_
