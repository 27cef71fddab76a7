#ifndef OPCON_SNOW_COMMON_VERSION_VERSION_H_
#define OPCON_SNOW_COMMON_VERSION_VERSION_H_

namespace opcon_snow {

// The version of the whole suite: all its programs are released together.
inline constexpr char kVersion[] = "0.2.0";

}  // namespace opcon_snow

#endif  // OPCON_SNOW_COMMON_VERSION_VERSION_H_
