#ifndef OPCON_SNOW_INCIDENT_SERVICE_STORE_SQLITE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_STORE_SQLITE_H_

// SQLite with Status and without leaks; just what the store needs.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace opcon_snow::incident {

class Database;

// A statement that SQLite has compiled.
struct PreparedStatement {
  sqlite3_stmt* handle = nullptr;
  bool in_use = false;
};

// A prepared statement. Bind from left to right, then Step. Values are bound,
// never written into the text. An error of Bind shows at Step. Must not outlive
// its database.
class Statement {
 public:
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;

  Statement& Bind(absl::string_view text);
  Statement& Bind(std::int64_t value);
  Statement& BindBlob(absl::string_view bytes);
  Statement& BindNull();

  // True: a row is there. False: done. See Database for errors.
  absl::StatusOr<bool> Step();
  // For statements without rows.
  absl::Status Run();

  std::int64_t Int(int column) const;
  std::string Text(int column) const;  // also for blobs
  bool IsNull(int column) const;

 private:
  friend class Database;
  // `kept`: where it goes when it is done with; null: nowhere.
  Statement(Database* db, sqlite3_stmt* statement, PreparedStatement* kept)
      : db_(db), statement_(statement), kept_(kept) {}

  Database* const db_;
  sqlite3_stmt* statement_;
  PreparedStatement* const kept_;
  int next_ = 1;
  int bind_error_ = 0;
};

enum class DatabaseMode {
  kReadWrite,  // made if it is not there
  kReadOnly,   // beside one that writes; never checkpoints
};

// One connection. Not thread-safe: its owner guards it.
//
// Errors name the file and what to do: DATA_LOSS if it is damaged, else
// UNAVAILABLE; reason STORE_UNAVAILABLE.
class Database {
 public:
  // With WAL and synchronous=FULL: what is committed survives a power cut.
  static absl::StatusOr<std::unique_ptr<Database>> Open(
      const std::string& path, DatabaseMode mode = DatabaseMode::kReadWrite);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Statements are kept prepared for the next time.
  absl::StatusOr<Statement> Prepare(absl::string_view sql);
  // Without rows and values; also several at once. `sql` is a constant of the
  // program.
  absl::Status Execute(const char* sql);
  // The first column of the only row of `sql`; 0 without rows.
  absl::StatusOr<std::int64_t> QueryInt(absl::string_view sql);
  // False after SQLite has rolled back by itself, as it does on some errors.
  bool InTransaction() const;
  // Rows that the last statement changed, and all so far.
  std::int64_t changes() const;
  std::int64_t total_changes() const;
  const std::string& path() const { return path_; }

 private:
  friend class Statement;
  Database(sqlite3* db, std::string path) : db_(db), path_(std::move(path)) {}
  absl::Status Error(absl::string_view doing) const;
  absl::StatusOr<sqlite3_stmt*> Compile(absl::string_view sql);

  sqlite3* const db_;
  const std::string path_;
  // By text.
  std::map<std::string, PreparedStatement, std::less<>> prepared_;
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
