#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_RECORD_HOOKS_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_RECORD_HOOKS_H_

// The two sides of the seam between the instance and what runs on it by itself
// (business rules, scheduled jobs): RecordHooks is told of every change to a
// record, RecordAccess reads and changes records on behalf of scripts.
//
// Threads: the instance does one thing at a time. Before, After, Queue and
// Evaluate are called while it is at it, on the thread of the request; calls to
// RecordAccess from inside them are part of the same work. From any other
// thread each call to RecordAccess waits for the instance by itself. Never wait
// inside a hook for another thread that uses RecordAccess.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sandbox/http/message.h"
#include "sandbox/servicenow/dictionary.h"
#include "sandbox/servicenow/query.h"
#include "sandbox/servicenow/record_writer.h"
#include "sandbox/servicenow/table_store.h"

namespace opcon_snow::sandbox::servicenow {

enum class RecordOperation { kInsert, kUpdate, kDelete };

// In all calls `previous` is the record as it was, null for an insert. For a
// delete `current` equals it. Values of `current` hold also what the change
// writes into journal columns ("work_notes": "text"); they are no journal
// entries before After.
class RecordHooks {
 public:
  virtual ~RecordHooks() = default;

  // Before the record is stored; `current` may be changed (columns that do not
  // exist are dropped, sys_id and the class stay). A status that is not OK
  // refuses the change: PERMISSION_DENIED with the `detail` of the answer.
  virtual absl::Status Before(RecordOperation operation, const Record* previous,
                              Record& current, const Actor& actor) = 0;

  // After it. The change stays; a status that is not OK becomes the answer to
  // the request all the same, as on a real instance.
  virtual absl::Status After(RecordOperation operation, const Record* previous,
                             const Record& current, const Actor& actor) = 0;

  // After After, also if that failed: what is to be done later, on another
  // thread.
  virtual void Queue(RecordOperation operation, std::optional<Record> previous,
                     Record current, const Actor& actor) = 0;

  // The value of "javascript:expression" in an encoded query.
  virtual absl::StatusOr<std::string> Evaluate(const std::string& expression,
                                               const Actor& actor) = 0;

  // Control paths under /_sandbox/ that the instance does not know itself;
  // nullopt: not mine either. The instance is not held meanwhile.
  virtual std::optional<Reply> Control(const SandboxRequest& request) = 0;

  // The instance goes back to its start: whatever is queued is dropped. Called
  // before the records are cleared, and Planted after they have been made anew
  // and after seed data have been added.
  virtual void Reset() = 0;
  virtual void Planted() = 0;
};

// Copies, so that nothing dangles. Thread-safe; see above.
class RecordAccess {
 public:
  struct WriteOptions {
    Actor actor;
    bool run_hooks = true;      // false: setWorkflow(false)
    bool system_fields = true;  // false: autoSysFields(false)
  };

  virtual ~RecordAccess() = default;

  virtual bool HasTable(const std::string& table) = 0;
  virtual std::optional<Field> Column(const std::string& table,
                                      const std::string& column) = 0;
  virtual std::vector<std::string> Columns(const std::string& table) = 0;
  // Also true if they are the same.
  virtual bool Extends(const std::string& table,
                       const std::string& ancestor) = 0;
  virtual std::string TableLabel(const std::string& table) = 0;
  // The column that references to the table show.
  virtual std::string DisplayColumn(const std::string& table) = 0;

  // By an encoded query, invalid parts dropped. `limit` 0: all.
  virtual std::vector<Record> Query(const std::string& table,
                                    const std::string& encoded_query,
                                    std::size_t limit, const Actor& actor) = 0;
  virtual std::optional<Record> Find(const std::string& table,
                                     const std::string& sys_id) = 0;

  // The sys_ids of what a query finds from `offset` on, at most `limit`.
  virtual std::vector<std::string> FindIds(const std::string& table,
                                           const servicenow::Query& query,
                                           std::size_t offset,
                                           std::size_t limit,
                                           const Actor& actor) = 0;

  // As the Table API does, with defaults, rules, journals, hooks. A sys_id in
  // `values` is honoured whatever the switch for clients says.
  virtual absl::StatusOr<Record> Insert(const std::string& table,
                                        const FieldValues& values,
                                        const WriteOptions& options) = 0;
  virtual absl::StatusOr<Record> Update(const std::string& table,
                                        const std::string& sys_id,
                                        const FieldValues& values,
                                        const WriteOptions& options) = 0;
  virtual absl::Status Delete(const std::string& table,
                              const std::string& sys_id,
                              const WriteOptions& options) = 0;

  // For update sets: stores the values as they are, over the record of that
  // sys_id if there is one, without rules and hooks. Tables and columns that do
  // not exist are made.
  virtual absl::Status Load(const std::string& table,
                            const FieldValues& values) = 0;

  // A table or a column for an existing one, over what has the name. The table
  // that another one extends must be there: NOT_FOUND.
  virtual absl::Status Define(Table table) = 0;
  virtual absl::Status DefineColumn(const std::string& table, Field field) = 0;

  // A file of a record, under the limits of the Attachment API; its sys_id.
  virtual absl::StatusOr<std::string> Attach(const std::string& table,
                                             const std::string& sys_id,
                                             const std::string& file_name,
                                             const std::string& content_type,
                                             const std::string& content,
                                             const Actor& actor) = 0;
  // nullopt: there is no such attachment.
  virtual std::optional<std::string> Content(const std::string& sys_id) = 0;

  // The stored value that a display value stands for; itself if it is none.
  virtual std::string FromDisplayValue(const std::string& table,
                                       const std::string& column,
                                       const std::string& shown) = 0;

  // Whether the record fulfils a condition such as a rule's filter_condition.
  // VALCHANGES, CHANGES, CHANGESFROM and CHANGESTO compare with `previous`
  // (null: an insert, every column was empty).
  virtual bool Matches(const std::string& encoded_query, const Record* previous,
                       const Record& current, const Actor& actor) = 0;

  // Over references ("assignment_group.manager.name"): the stored value, and
  // what is shown of it. "" if the way is broken.
  virtual std::string Value(const Record& record,
                            const std::string& dotted) = 0;
  virtual std::string DisplayValue(const Record& record,
                                   const std::string& dotted) = 0;

  // The value of "gs.daysAgo(3)" and its kind; see query_environment.h.
  virtual std::optional<std::string> Date(const std::string& expression) = 0;

  // From sys_properties.
  virtual std::optional<std::string> Property(const std::string& name) = 0;

  // An active user by user_name or sys_id.
  virtual std::optional<Actor> User(const std::string& name_or_sys_id) = 0;
  virtual bool HasRole(const std::string& user_sys_id,
                       const std::string& role) = 0;

  // The instance's clock, and 32 random hexadecimal digits.
  virtual absl::Time Now() = 0;
  virtual std::string NewSysId() = 0;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_RECORD_HOOKS_H_
