#include "incident_service/store/sqlite.h"

#include <sqlite3.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace opcon_snow::incident {
namespace {

// More are finalized after use: lists with many kinds of filters.
constexpr std::size_t kMostPrepared = 128;

struct Explanation {
  absl::StatusCode code;
  const char* mend;
};

Explanation Explain(int result) {
  switch (result & 0xff) {
    case SQLITE_FULL:
      return {absl::StatusCode::kUnavailable,
              "free space on its disk, or raise the quota or limit on its "
              "size; what was acknowledged is kept"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {absl::StatusCode::kUnavailable,
              "let the service's user write to the file and its folder, and "
              "see that the file system is not mounted read-only"};
    case SQLITE_CANTOPEN:
      return {absl::StatusCode::kUnavailable,
              "see that its folder exists and that the service's user may "
              "write to it"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {absl::StatusCode::kUnavailable,
              "another program holds it locked, such as sqlite3: end that "
              "one"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {absl::StatusCode::kDataLoss,
              "it is damaged: stop the service, put the last backup in its "
              "place (`incidentctl admin backup` makes them), and keep the "
              "damaged file: `sqlite3 FILE .recover` may save more"};
    default:
      return {absl::StatusCode::kUnavailable,
              "check space, permissions and health of its disk"};
  }
}

}  // namespace

Statement::~Statement() {
  if (statement_ == nullptr) return;
  if (kept_ == nullptr) {
    sqlite3_finalize(statement_);
    return;
  }
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  kept_->in_use = false;
}

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_),
      statement_(std::exchange(other.statement_, nullptr)),
      kept_(other.kept_),
      next_(other.next_),
      bind_error_(other.bind_error_) {}

Statement& Statement::Bind(absl::string_view text) {
  bind_error_ |=
      sqlite3_bind_text64(statement_, next_++, text.data(), text.size(),
                          SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

Statement& Statement::Bind(std::int64_t value) {
  bind_error_ |= sqlite3_bind_int64(statement_, next_++, value);
  return *this;
}

Statement& Statement::BindBlob(absl::string_view bytes) {
  // A null pointer would bind NULL instead of an empty blob.
  bind_error_ |= sqlite3_bind_blob64(statement_, next_++,
                                     bytes.empty() ? "" : bytes.data(),
                                     bytes.size(), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::BindNull() {
  bind_error_ |= sqlite3_bind_null(statement_, next_++);
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  if (bind_error_ != SQLITE_OK) return db_->Error("bind a value");
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return db_->Error("read or write");
  }
}

absl::Status Statement::Run() {
  OPCON_SNOW_ASSIGN_OR_RETURN(bool row, Step());
  while (row) {
    OPCON_SNOW_ASSIGN_OR_RETURN(row, Step());
  }
  return absl::OkStatus();
}

std::int64_t Statement::Int(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string Statement::Text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  if (bytes == nullptr) return "";
  return std::string(
      static_cast<const char*>(bytes),
      static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(
    const std::string& path, DatabaseMode mode) {
  const bool writes = mode == DatabaseMode::kReadWrite;
  sqlite3* db = nullptr;
  const int opened = sqlite3_open_v2(
      path.c_str(), &db,
      SQLITE_OPEN_NOMUTEX | (writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                    : SQLITE_OPEN_READONLY),
      nullptr);
  std::unique_ptr<Database> database(new Database(db, path));
  if (opened != SQLITE_OK) return database->Error("open");
  sqlite3_extended_result_codes(db, 1);
  OPCON_SNOW_RETURN_IF_ERROR(database->Execute(
      "PRAGMA busy_timeout=5000; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
      " PRAGMA trusted_schema=OFF;"));
  if (!writes) {
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    return database;
  }
  // FULL, not NORMAL: in WAL mode NORMAL may lose the last commits in a power
  // cut, and each of them was acknowledged to somebody.
  OPCON_SNOW_RETURN_IF_ERROR(
      database->Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                        "PRAGMA journal_size_limit=67108864; "
                        "PRAGMA foreign_keys=ON;"));
  return database;
}

Database::~Database() {
  for (const auto& [sql, statement] : prepared_) {
    sqlite3_finalize(statement.handle);
  }
  sqlite3_close_v2(db_);
}

absl::StatusOr<Statement> Database::Prepare(absl::string_view sql) {
  const auto known = prepared_.find(sql);
  if (known != prepared_.end() && !known->second.in_use) {
    known->second.in_use = true;
    return Statement(this, known->second.handle, &known->second);
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(sqlite3_stmt* const statement, Compile(sql));
  if (known != prepared_.end() || prepared_.size() >= kMostPrepared) {
    return Statement(this, statement, nullptr);
  }
  const auto kept =
      prepared_.emplace(sql, PreparedStatement{statement, /*in_use=*/true})
          .first;
  return Statement(this, statement, &kept->second);
}

absl::StatusOr<sqlite3_stmt*> Database::Compile(absl::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()),
                         &statement, nullptr) != SQLITE_OK) {
    return Error("prepare a statement");
  }
  return statement;
}

absl::Status Database::Execute(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return Error("write");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> Database::QueryInt(absl::string_view sql) {
  OPCON_SNOW_ASSIGN_OR_RETURN(Statement query, Prepare(sql));
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool row, query.Step());
  return row ? query.Int(0) : 0;
}

bool Database::InTransaction() const {
  return sqlite3_get_autocommit(db_) == 0;
}

std::int64_t Database::changes() const { return sqlite3_changes64(db_); }

std::int64_t Database::total_changes() const {
  return sqlite3_total_changes64(db_);
}

absl::Status Database::Error(absl::string_view doing) const {
  const int result = sqlite3_extended_errcode(db_);
  const Explanation explanation = Explain(result);
  std::string reason = sqlite3_errmsg(db_);
  if (const int error = sqlite3_system_errno(db_);
      error != 0 && (result & 0xff) == SQLITE_IOERR) {
    absl::StrAppend(&reason, " (", std::strerror(error), ")");
  }
  return MakeError(explanation.code,
                   absl::StrCat("the store ", path_, " cannot ", doing, ": ",
                                reason, "; ", explanation.mend),
                   {.reason = "STORE_UNAVAILABLE",
                    .domain = "incident-service",
                    .metadata = {{"path", path_}}});
}

absl::StatusOr<Transaction> Transaction::Begin(Database* db) {
  OPCON_SNOW_RETURN_IF_ERROR(db->Execute("BEGIN IMMEDIATE"));
  return Transaction(db);
}

Transaction::~Transaction() {
  if (db_ == nullptr || !db_->InTransaction()) return;
  const absl::Status ignored = db_->Execute("ROLLBACK");
  static_cast<void>(ignored);
}

Transaction::Transaction(Transaction&& other) noexcept
    : db_(std::exchange(other.db_, nullptr)) {}

absl::Status Transaction::Commit() {
  OPCON_SNOW_RETURN_IF_ERROR(db_->Execute("COMMIT"));
  db_ = nullptr;
  return absl::OkStatus();
}

}  // namespace opcon_snow::incident
