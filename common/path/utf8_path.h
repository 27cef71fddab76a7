#ifndef OPCON_SNOW_COMMON_PATH_UTF8_PATH_H_
#define OPCON_SNOW_COMMON_PATH_UTF8_PATH_H_

// Paths are UTF-8 in our strings, but std::filesystem, and with it the file
// streams, take a std::string on Windows for text in the system's code page.
// Elsewhere both are the same bytes, well-formed or not.

#include <filesystem>
#include <string>

namespace opcon_snow {

inline std::filesystem::path PathFromUtf8(const std::string& path) {
  return std::filesystem::path(std::u8string(path.begin(), path.end()));
}

inline std::string PathToUtf8(const std::filesystem::path& path) {
  const std::u8string text = path.u8string();
  return std::string(text.begin(), text.end());
}

}  // namespace opcon_snow

#endif  // OPCON_SNOW_COMMON_PATH_UTF8_PATH_H_
