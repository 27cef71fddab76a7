#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_INSTANCE_ACCESS_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_INSTANCE_ACCESS_H_

// RecordAccess over the parts of an instance.

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/servicenow/query_environment.h"
#include "sandbox/servicenow/record_hooks.h"
#include "sandbox/servicenow/settings.h"

namespace opcon_snow::sandbox::servicenow {

class InstanceAccess : public RecordAccess {
 public:
  struct Parts {
    std::recursive_mutex* mutex;
    Dictionary* dictionary;
    TableStore* store;
    RecordWriter* writer;
    Clock clock;
    std::function<std::string()> make_sys_id;
    const Settings* settings;
  };

  // Everything in `parts` must outlive it.
  explicit InstanceAccess(Parts parts) : parts_(std::move(parts)) {}

  // Who evaluates "javascript:" in queries; null: only what
  // query_environment.h knows.
  void SetHooks(RecordHooks* hooks) { hooks_ = hooks; }

  QueryEnvironment Environment(const Actor& actor) const;

  bool HasTable(const std::string& table) override;
  std::optional<Field> Column(const std::string& table,
                              const std::string& column) override;
  std::vector<std::string> Columns(const std::string& table) override;
  bool Extends(const std::string& table, const std::string& ancestor) override;
  std::string TableLabel(const std::string& table) override;
  std::string DisplayColumn(const std::string& table) override;
  std::vector<Record> Query(const std::string& table,
                            const std::string& encoded_query, std::size_t limit,
                            const Actor& actor) override;
  std::optional<Record> Find(const std::string& table,
                             const std::string& sys_id) override;
  std::vector<std::string> FindIds(const std::string& table,
                                   const servicenow::Query& query,
                                   std::size_t offset, std::size_t limit,
                                   const Actor& actor) override;
  absl::StatusOr<Record> Insert(const std::string& table,
                                const FieldValues& values,
                                const WriteOptions& options) override;
  absl::StatusOr<Record> Update(const std::string& table,
                                const std::string& sys_id,
                                const FieldValues& values,
                                const WriteOptions& options) override;
  absl::Status Delete(const std::string& table, const std::string& sys_id,
                      const WriteOptions& options) override;
  absl::Status Load(const std::string& table,
                    const FieldValues& values) override;
  absl::Status Define(Table table) override;
  absl::Status DefineColumn(const std::string& table, Field field) override;
  absl::StatusOr<std::string> Attach(const std::string& table,
                                     const std::string& sys_id,
                                     const std::string& file_name,
                                     const std::string& content_type,
                                     const std::string& content,
                                     const Actor& actor) override;
  std::optional<std::string> Content(const std::string& sys_id) override;
  std::string FromDisplayValue(const std::string& table,
                               const std::string& column,
                               const std::string& shown) override;
  bool Matches(const std::string& encoded_query, const Record* previous,
               const Record& current, const Actor& actor) override;
  std::string Value(const Record& record, const std::string& dotted) override;
  std::string DisplayValue(const Record& record,
                           const std::string& dotted) override;
  std::optional<std::string> Date(const std::string& expression) override;
  std::optional<std::string> Property(const std::string& name) override;
  std::optional<Actor> User(const std::string& name_or_sys_id) override;
  bool HasRole(const std::string& user_sys_id,
               const std::string& role) override;
  absl::Time Now() override;
  std::string NewSysId() override;

 private:
  using Lock = std::lock_guard<std::recursive_mutex>;

  const Parts parts_;
  RecordHooks* hooks_ = nullptr;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_INSTANCE_ACCESS_H_
