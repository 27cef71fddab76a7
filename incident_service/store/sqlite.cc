#include "incident_service/store/sqlite.h"

#include <sqlite3.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace opcon_snow::incident {
namespace {

absl::Status StorageError(sqlite3* db, absl::string_view what) {
  return MakeError(
      absl::StatusCode::kUnavailable,
      absl::StrCat("the store cannot ", what, ": ", sqlite3_errmsg(db),
                   "; check space, permissions and health of its disk"),
      {.reason = "STORE_UNAVAILABLE", .domain = "incident-service"});
}

}  // namespace

Statement::Statement(sqlite3* db, sqlite3_stmt* statement)
    : db_(db), statement_(statement) {}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_),
      statement_(std::exchange(other.statement_, nullptr)),
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
  if (bind_error_ != SQLITE_OK) return StorageError(db_, "bind a value");
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return StorageError(db_, "read or write");
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
    const std::string& path) {
  sqlite3* db = nullptr;
  const int opened = sqlite3_open_v2(
      path.c_str(), &db,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
      nullptr);
  std::unique_ptr<Database> database(new Database(db));
  if (opened != SQLITE_OK) {
    return StorageError(db, absl::StrCat("open ", path));
  }
  // FULL, not NORMAL: in WAL mode NORMAL may lose the last commits in a power
  // cut, and each of them was acknowledged to somebody.
  OPCON_SNOW_RETURN_IF_ERROR(
      database->Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                        "PRAGMA foreign_keys=ON; PRAGMA mmap_size=0; "
                        "PRAGMA busy_timeout=5000;"));
  return database;
}

Database::~Database() { sqlite3_close_v2(db_); }

absl::StatusOr<Statement> Database::Prepare(absl::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()),
                         &statement, nullptr) != SQLITE_OK) {
    return StorageError(db_, "prepare a statement");
  }
  return Statement(db_, statement);
}

absl::Status Database::Execute(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return StorageError(db_, "write");
  }
  return absl::OkStatus();
}

std::int64_t Database::changes() const { return sqlite3_changes64(db_); }

absl::StatusOr<Transaction> Transaction::Begin(Database* db) {
  OPCON_SNOW_RETURN_IF_ERROR(db->Execute("BEGIN IMMEDIATE"));
  return Transaction(db);
}

Transaction::~Transaction() {
  if (db_ == nullptr) return;
  // Fails only if SQLite has rolled back by itself already.
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
