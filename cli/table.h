#ifndef OPCON_SNOW_CLI_TABLE_H_
#define OPCON_SNOW_CLI_TABLE_H_

// Aligned columns and lists of fields, for people.

#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/timestamp.pb.h"

namespace opcon_snow::cli {

// Values come from other systems, so control characters in them are replaced.
class Table {
 public:
  explicit Table(std::vector<std::string> header);

  // As many cells as the header has.
  void Add(std::vector<std::string> row);

  // With a `width`, lines are cut to it; 0 cuts nothing.
  std::string Render(int width) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "name   value" lines with the values aligned; empty values are left out.
std::string RenderFields(
    const std::vector<std::pair<std::string, std::string>>& fields);

// "2026-01-05 12:00:00Z"; empty if the time is not set.
std::string TimeText(const google::protobuf::Timestamp& time);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_TABLE_H_
