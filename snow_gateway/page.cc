#include "snow_gateway/page.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/digest/sha256.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "snow_gateway/query.h"
#include "snow_gateway/wire_time.h"

namespace opcon_snow::snow {
namespace {

constexpr int kDefaultPageSize = 100;
constexpr int kMaxPageSize = 1000;
constexpr char kVersion[] = "1";
// Enough that two sets of filters do not meet by chance.
constexpr std::size_t kFingerprintLength = 16;

absl::Status BadToken(absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat(why, "; begin again without a token"));
}

}  // namespace

int EffectivePageSize(std::int32_t page_size) {
  if (page_size <= 0) return kDefaultPageSize;
  return std::min<int>(page_size, kMaxPageSize);
}

std::string FilterFingerprint(const google::protobuf::Message& request) {
  const std::unique_ptr<google::protobuf::Message> filters(request.New());
  filters->CopyFrom(request);
  for (const char* name : {"page_size", "page_token"}) {
    const auto* field = filters->GetDescriptor()->FindFieldByName(name);
    if (field != nullptr)
      filters->GetReflection()->ClearField(filters.get(), field);
  }
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    filters->SerializeToCodedStream(&coded);
  }
  return Sha256Hex(absl::StrCat(filters->GetTypeName(), "\n", bytes))
      .substr(0, kFingerprintLength);
}

std::string EncodePageToken(const Position& position,
                            absl::string_view fingerprint) {
  return absl::WebSafeBase64Escape(absl::StrCat(
      kVersion, "|", fingerprint, "|", position.time, "|", position.sys_id));
}

absl::StatusOr<std::optional<Position>> DecodePageToken(
    absl::string_view token, absl::string_view fingerprint, bool with_time) {
  if (token.empty()) return std::optional<Position>();
  std::string text;
  if (!absl::WebSafeBase64Unescape(token, &text)) {
    return BadToken("is not a token of this service");
  }
  const std::vector<std::string> parts = absl::StrSplit(text, '|');
  if (parts.size() != 4 || parts[0] != kVersion || !IsSysId(parts[3]) ||
      with_time != ParseWireTime(parts[2]).has_value() ||
      (!with_time && !parts[2].empty())) {
    return BadToken("is not a token of this service");
  }
  if (parts[1] != fingerprint) {
    return BadToken("belongs to a request with other filters");
  }
  return std::optional<Position>(Position{parts[2], parts[3]});
}

}  // namespace opcon_snow::snow
