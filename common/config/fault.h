#ifndef OPCON_SNOW_COMMON_CONFIG_FAULT_H_
#define OPCON_SNOW_COMMON_CONFIG_FAULT_H_

// What is wrong with a configuration, all of it, with the place of each fault.

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace opcon_snow::config {

struct Fault {
  std::string file;
  int line = 0;         // from 1; 0 if the fault has no place in the file
  int column = 0;       // from 1
  std::string field;    // "servers[2].base_url"; empty: the file as a whole
  std::string message;  // what is wrong and what to write instead
};

// "gateway.yaml:12:5: servers[2].base_url: must begin with https://"
std::string FormatFault(const Fault& fault);

// Collects the faults of one file. Not thread-safe.
class Faults {
 public:
  // Beyond this many faults the rest is only counted.
  static constexpr std::size_t kMaxFaults = 100;

  // `file` is how the file is named in messages.
  explicit Faults(absl::string_view file = "") : file_(file) {}

  // A fault of the field with this path: "listen.port", "servers[2].base_url",
  // "labels[\"team\"]". The place is that of the field, or of its nearest
  // parent in the file if it is not there (a required field that is missing).
  void Add(absl::string_view field, absl::string_view message);
  // A fault at a place.
  void AddAt(int line, int column, absl::string_view field,
             absl::string_view message);
  // Remembers where a field is written; the loader does it.
  void SetPosition(absl::string_view field, int line, int column);

  // Those of another file, with their places there, after those of this one.
  void Merge(const Faults& other);

  bool empty() const { return size() == 0; }
  std::size_t size() const { return faults_.size() + merged_.size(); }
  // In the order of the file, then those of each merged file in theirs.
  std::vector<Fault> Sorted() const;
  const std::string& file() const { return file_; }
  void set_file(absl::string_view file) { file_ = std::string(file); }
  // One line each, ending with a line break; "" if there is none.
  std::string Format() const;

 private:
  struct Position {
    int line = 0;
    int column = 0;
  };

  std::string file_;
  std::map<std::string, Position> positions_;
  std::vector<Fault> faults_;
  std::vector<Fault> merged_;
  std::size_t dropped_ = 0;
};

std::string FormatFaults(const Faults& faults);

}  // namespace opcon_snow::config

#endif  // OPCON_SNOW_COMMON_CONFIG_FAULT_H_
