#ifndef OPCON_SNOW_INCIDENT_SERVICE_STORE_SQLITE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_STORE_SQLITE_H_

// SQLite with Status and without leaks; just what the store needs.

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace opcon_snow::incident {

// A prepared statement. Bind from left to right, then Step. Values are bound,
// never written into the text. An error of Bind shows at Step.
class Statement {
 public:
  Statement(sqlite3* db, sqlite3_stmt* statement);
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;

  Statement& Bind(absl::string_view text);
  Statement& Bind(std::int64_t value);
  Statement& BindBlob(absl::string_view bytes);
  Statement& BindNull();

  // True: a row is there. False: done. UNAVAILABLE, reason STORE_UNAVAILABLE.
  absl::StatusOr<bool> Step();
  // For statements without rows.
  absl::Status Run();

  std::int64_t Int(int column) const;
  std::string Text(int column) const;  // also for blobs
  bool IsNull(int column) const;

 private:
  sqlite3* const db_;
  sqlite3_stmt* statement_;
  int next_ = 1;
  int bind_error_ = 0;
};

// One connection. Not thread-safe: the store guards it.
class Database {
 public:
  // Opens or makes the file with WAL and synchronous=FULL: what is committed
  // survives a power cut.
  static absl::StatusOr<std::unique_ptr<Database>> Open(
      const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // `sql` is a constant of the program.
  absl::StatusOr<Statement> Prepare(absl::string_view sql);
  absl::Status Execute(const char* sql);
  std::int64_t changes() const;

 private:
  explicit Database(sqlite3* db) : db_(db) {}
  sqlite3* const db_;
};

// Rolls back unless committed.
class Transaction {
 public:
  static absl::StatusOr<Transaction> Begin(Database* db);
  ~Transaction();
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  absl::Status Commit();

 private:
  explicit Transaction(Database* db) : db_(db) {}
  Database* db_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_STORE_SQLITE_H_
