#include "common/http/json.h"

#include <cstddef>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace opcon_snow::http {
namespace {

using Json = nlohmann::json;

// Reads the text without building anything, to find errors and to bound the
// depth before memory is spent on values.
class Checker final : public nlohmann::json_sax<Json> {
 public:
  explicit Checker(int max_depth) : max_depth_(max_depth) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool key(string_t&) override { return true; }
  bool start_object(std::size_t) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool start_array(std::size_t) override { return Enter(); }
  bool end_array() override { return Leave(); }

  // The library's own text quotes the input, so only the position is taken.
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    error_position_ = position;
    return false;
  }

  bool too_deep() const { return depth_ > max_depth_; }
  std::size_t error_position() const { return error_position_; }

 private:
  bool Enter() { return ++depth_ <= max_depth_; }
  bool Leave() {
    --depth_;
    return true;
  }

  const int max_depth_;
  int depth_ = 0;
  std::size_t error_position_ = 0;
};

}  // namespace

absl::StatusOr<Json> ParseJson(absl::string_view text, int max_depth) {
  Checker checker(max_depth);
  if (!Json::sax_parse(text.begin(), text.end(), &checker)) {
    if (checker.too_deep()) {
      return absl::InvalidArgumentError(
          absl::StrCat("JSON nested deeper than ", max_depth, " levels"));
    }
    return absl::InvalidArgumentError(
        absl::StrCat("not valid JSON: error at byte ", checker.error_position(),
                     " of ", text.size()));
  }
  Json value = Json::parse(text.begin(), text.end(), nullptr,
                           /*allow_exceptions=*/false);
  if (value.is_discarded()) {
    return absl::InvalidArgumentError("not valid JSON");
  }
  return value;
}

std::string WriteJson(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const Json* FindMember(const Json& object, absl::string_view key) {
  if (!object.is_object()) return nullptr;
  auto found = object.find(std::string(key));
  return found == object.end() ? nullptr : &*found;
}

std::optional<std::string> FindString(const Json& object,
                                      absl::string_view key) {
  const Json* member = FindMember(object, key);
  if (member == nullptr || !member->is_string()) return std::nullopt;
  return member->get_ref<const std::string&>();
}

std::optional<std::int64_t> FindInt64(const Json& object,
                                      absl::string_view key) {
  const Json* member = FindMember(object, key);
  if (member == nullptr) return std::nullopt;
  if (const auto* positive =
          member->get_ptr<const Json::number_unsigned_t*>()) {
    if (*positive >
        static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return std::nullopt;
    }
    return static_cast<std::int64_t>(*positive);
  }
  if (const auto* number = member->get_ptr<const Json::number_integer_t*>()) {
    return *number;
  }
  return std::nullopt;
}

std::optional<bool> FindBool(const Json& object, absl::string_view key) {
  const Json* member = FindMember(object, key);
  if (member == nullptr || !member->is_boolean()) return std::nullopt;
  return member->get<bool>();
}

}  // namespace opcon_snow::http
