#include "common/trace/trace_parent.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::trace {
namespace {

// VV-TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT-SSSSSSSSSSSSSSSS-FF
constexpr std::size_t kLength = 55;
constexpr std::uint8_t kSampledFlag = 0x01;

template <std::size_t N>
bool IsZero(const std::array<std::uint8_t, N>& bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](std::uint8_t byte) { return byte == 0; });
}

template <std::size_t N>
std::string HexOf(const std::array<std::uint8_t, N>& bytes) {
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

// -1 if it is no lower-case digit.
int Digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

template <std::size_t N>
std::optional<std::array<std::uint8_t, N>> Bytes(absl::string_view text) {
  std::array<std::uint8_t, N> bytes{};
  if (text.size() != 2 * N) return std::nullopt;
  for (std::size_t i = 0; i < N; ++i) {
    const int high = Digit(text[2 * i]);
    const int low = Digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return bytes;
}

}  // namespace

bool TraceParent::valid() const {
  return !IsZero(trace_id) && !IsZero(span_id);
}

std::string Hex(const TraceId& id) { return HexOf(id); }
std::string Hex(const SpanId& id) { return HexOf(id); }

std::optional<SpanId> ParseSpanId(absl::string_view text) {
  const std::optional<SpanId> id = Bytes<8>(text);
  return id.has_value() && !IsZero(*id) ? id : std::nullopt;
}

std::optional<TraceParent> ParseTraceParent(absl::string_view text) {
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' ||
      text[52] != '-') {
    return std::nullopt;
  }
  const auto version = Bytes<1>(text.substr(0, 2));
  const auto trace_id = Bytes<16>(text.substr(3, 32));
  const auto span_id = Bytes<8>(text.substr(36, 16));
  const auto flags = Bytes<1>(text.substr(53, 2));
  if (!version || !trace_id || !span_id || !flags) return std::nullopt;
  if ((*version)[0] == 0xff) return std::nullopt;
  // Later versions may have more, behind a hyphen.
  if (text.size() > kLength && ((*version)[0] == 0 || text[kLength] != '-')) {
    return std::nullopt;
  }
  const TraceParent parent{*trace_id, *span_id,
                           ((*flags)[0] & kSampledFlag) != 0};
  return parent.valid() ? std::optional(parent) : std::nullopt;
}

std::string FormatTraceParent(const TraceParent& parent) {
  if (!parent.valid()) return "";
  return absl::StrCat("00-", Hex(parent.trace_id), "-", Hex(parent.span_id),
                      parent.sampled ? "-01" : "-00");
}

}  // namespace opcon_snow::trace
