#ifndef OPCON_SNOW_SNOW_GATEWAY_FILE_NAME_H_
#define OPCON_SNOW_SNOW_GATEWAY_FILE_NAME_H_

// Names and types of files as instances take them: they commonly block endings
// (".log" among them), characters other than ASCII letters, digits, "-" and
// "_", and types that do not belong to the ending.

#include <set>
#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::snow {

struct FileNameRules {
  static std::set<std::string> DefaultBlockedEndings();

  // In lower case, without the dot.
  std::set<std::string> blocked_endings = DefaultBlockedEndings();
};

inline constexpr std::size_t kMaxFileName = 100;

// The name that a file is stored under: the same for the same arguments, and
// only letters, digits, ".", "-", "_" and blanks, at most kMaxFileName. `run`,
// unless it is empty, comes before the ending.
std::string AcceptableFileName(absl::string_view name, absl::string_view run,
                               const FileNameRules& rules);

// The type that it is stored with: the one that belongs to the ending of
// `file_name` where that is known, else `wanted`, else text/plain.
std::string AcceptableContentType(absl::string_view file_name,
                                  absl::string_view wanted);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_FILE_NAME_H_
