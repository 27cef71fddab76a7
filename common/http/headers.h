#ifndef OPCON_SNOW_COMMON_HTTP_HEADERS_H_
#define OPCON_SNOW_COMMON_HTTP_HEADERS_H_

// File: headers.h
//
// The header fields of one HTTP message: an ordered list of name and value
// whose names compare without regard to case (RFC 9110, 5.1). A name may occur
// more than once. Values are kept as given; a transport refuses to send fields
// that `IsValidHeaderName`/`IsValidHeaderValue` reject.

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace opcon_snow::http {

class Headers {
 public:
  using Field = std::pair<std::string, std::string>;
  using const_iterator = std::vector<Field>::const_iterator;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  // Appends a field, keeping others of the same name.
  void Add(absl::string_view name, absl::string_view value);
  // Replaces every field of that name by this one.
  void Set(absl::string_view name, absl::string_view value);
  void Remove(absl::string_view name);
  void Clear() { fields_.clear(); }

  // The value of the first field of that name.
  std::optional<std::string> Get(absl::string_view name) const;
  std::vector<std::string> GetAll(absl::string_view name) const;
  bool Has(absl::string_view name) const;

  bool empty() const { return fields_.empty(); }
  std::size_t size() const { return fields_.size(); }
  const_iterator begin() const { return fields_.begin(); }
  const_iterator end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

// A token of RFC 9110, 5.6.2: not empty, no blanks, no separators.
bool IsValidHeaderName(absl::string_view name);
// No control character but the tab: above all no CR, LF or NUL, with which a
// value would become further header fields or a second request.
bool IsValidHeaderValue(absl::string_view value);

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_HEADERS_H_
