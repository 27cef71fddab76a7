#include "opcon_gateway/json_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/status/utf8.h"

namespace opcon_snow::opcon {
namespace {

constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";
constexpr unsigned kFirstHigh = 0xD800;
constexpr unsigned kFirstLow = 0xDC00;
constexpr unsigned kAfterLow = 0xE000;

bool IsHigh(unsigned unit) { return unit >= kFirstHigh && unit < kFirstLow; }
bool IsLow(unsigned unit) { return unit >= kFirstLow && unit < kAfterLow; }

void AppendUtf8(unsigned point, std::string* out) {
  const auto put = [out](unsigned byte) {
    out->push_back(static_cast<char>(byte));
  };
  if (point < 0x80) {
    put(point);
    return;
  }
  if (point < 0x800) {
    put(0xC0U | (point >> 6U));
  } else if (point < 0x10000) {
    put(0xE0U | (point >> 12U));
    put(0x80U | ((point >> 6U) & 0x3FU));
  } else {
    put(0xF0U | (point >> 18U));
    put(0x80U | ((point >> 12U) & 0x3FU));
    put(0x80U | ((point >> 6U) & 0x3FU));
  }
  put(0x80U | (point & 0x3FU));
}

// Bytes at the end of `text` that may be the beginning of a character.
std::size_t OpenTail(absl::string_view text) {
  const std::size_t most = std::min<std::size_t>(3, text.size());
  for (std::size_t back = 1; back <= most; ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0U) == 0x80U) continue;
    std::size_t length = 1;
    if (byte >= 0xC2 && byte <= 0xDF) length = 2;
    if (byte >= 0xE0 && byte <= 0xEF) length = 3;
    if (byte >= 0xF0 && byte <= 0xF4) length = 4;
    return length > back ? back : 0;
  }
  return 0;
}

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x80;
  });
}

// The character of a short escape; 0 if there is no such escape.
char ShortEscape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

}  // namespace

JsonTextDecoder::State JsonTextDecoder::Take(absl::string_view bytes,
                                             std::size_t* taken,
                                             std::string* out) {
  *taken = 0;
  while (*taken < bytes.size()) {
    const char c = bytes[*taken];
    if (mode_ != Mode::kPlain) {
      ++*taken;
      const bool good =
          mode_ == Mode::kEscape ? TakeEscape(c, out) : TakeDigit(c, out);
      if (!good) return State::kBroken;
      continue;
    }
    if (c == '"') {
      ++*taken;
      FlushTail(out);
      FlushHigh(out);
      return State::kEnd;
    }
    if (c == '\\') {
      ++*taken;
      FlushTail(out);
      mode_ = Mode::kEscape;
      continue;
    }
    std::size_t end = *taken;
    while (end < bytes.size() && bytes[end] != '"' && bytes[end] != '\\') {
      // JSON wants these escaped.
      if (static_cast<unsigned char>(bytes[end]) < 0x20) return State::kBroken;
      ++end;
    }
    FlushHigh(out);
    TakePlain(bytes.substr(*taken, end - *taken), out);
    *taken = end;
  }
  return State::kMore;
}

void JsonTextDecoder::TakePlain(absl::string_view run, std::string* out) {
  if (tail_.empty() && IsAscii(run)) {
    absl::StrAppend(out, run);
    return;
  }
  std::string text = tail_;
  absl::StrAppend(&text, run);
  const std::size_t open = OpenTail(text);
  tail_ = text.substr(text.size() - open);
  text.resize(text.size() - open);
  absl::StrAppend(out, ToValidUtf8(text));
}

void JsonTextDecoder::FlushTail(std::string* out) {
  absl::StrAppend(out, ToValidUtf8(tail_));
  tail_.clear();
}

void JsonTextDecoder::FlushHigh(std::string* out) {
  if (high_ == 0) return;
  absl::StrAppend(out, kReplacement);
  high_ = 0;
}

bool JsonTextDecoder::TakeEscape(char c, std::string* out) {
  if (c == 'u') {
    mode_ = Mode::kUnicode;
    digits_ = 0;
    unit_ = 0;
    return true;
  }
  const char meant = ShortEscape(c);
  if (meant == 0) return false;
  FlushHigh(out);
  out->push_back(meant);
  mode_ = Mode::kPlain;
  return true;
}

bool JsonTextDecoder::TakeDigit(char c, std::string* out) {
  const auto byte = static_cast<unsigned char>(c);
  if (!absl::ascii_isxdigit(byte)) return false;
  const int digit = absl::ascii_isdigit(byte)
                        ? c - '0'
                        : absl::ascii_tolower(byte) - 'a' + 10;
  unit_ = unit_ * 16 + static_cast<unsigned>(digit);
  if (++digits_ < 4) return true;
  TakeUnit(unit_, out);
  mode_ = Mode::kPlain;
  return true;
}

void JsonTextDecoder::TakeUnit(unsigned unit, std::string* out) {
  if (high_ != 0 && IsLow(unit)) {
    AppendUtf8(0x10000 + ((high_ - kFirstHigh) << 10U) + (unit - kFirstLow),
               out);
    high_ = 0;
    return;
  }
  FlushHigh(out);
  if (IsHigh(unit)) {
    high_ = unit;
  } else if (IsLow(unit)) {
    absl::StrAppend(out, kReplacement);
  } else {
    AppendUtf8(unit, out);
  }
}

}  // namespace opcon_snow::opcon
