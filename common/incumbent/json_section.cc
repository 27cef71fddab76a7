#include "common/incumbent/json_section.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace opcon_snow::incumbent {
namespace {

using Kind = JsonNode::Kind;

// A key whose quotes got lost has one left: documentationRouting".
std::string WithoutQuotes(const std::string& key) {
  std::string plain;
  for (const char c : key) {
    if (c != '"' && c != '\'') plain += c;
  }
  return plain;
}

const char* Described(const JsonNode& node) {
  switch (node.kind) {
    case Kind::kScalar:
      return "a single value";
    case Kind::kSequence:
      return "a list";
    case Kind::kMap:
      return "an object";
    default:
      return "nothing";
  }
}

}  // namespace

JsonSection::JsonSection(const JsonNode& node, std::string path,
                         Remarks* remarks, std::map<std::string, Place>* places)
    : node_(node), path_(std::move(path)), remarks_(remarks), places_(places) {
  if (node.kind != Kind::kMap) {
    if (node.kind != Kind::kNull) {
      remarks_->Error(place(), path_,
                      absl::StrCat("is ", Described(node), ", not an object"),
                      "write it as {\"name\": value, …}");
    }
    return;
  }
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const std::string& written = node.keys[i].scalar;
    const std::string key = WithoutQuotes(written);
    const Place where{node.keys[i].line, node.keys[i].column};
    if (!node.keys[i].quoted) {
      remarks_->Warn(where, Path(key),
                     absl::StrCat("the key lacks a quotation mark: ", written),
                     absl::StrCat("write \"", key, "\""));
    }
    if (keys_.count(key) > 0) {
      remarks_->Warn(where, Path(key), "is there twice; the last one is used",
                     "keep one of them");
    }
    keys_[key] = i;
    (*places_)[Path(key)] = where;
  }
}

std::string JsonSection::Path(const std::string& key) const {
  return path_.empty() ? key : absl::StrCat(path_, ".", key);
}

Place JsonSection::PlaceOf(const std::string& key) const {
  const auto found = places_->find(Path(key));
  return found == places_->end() ? place() : found->second;
}

const JsonNode* JsonSection::Find(const std::string& key) {
  known_.insert(key);
  const auto found = keys_.find(key);
  if (found != keys_.end()) return &node_.items[found->second];
  for (const auto& [written, index] : keys_) {
    if (!absl::EqualsIgnoreCase(written, key)) continue;
    const Place where{node_.keys[index].line, node_.keys[index].column};
    remarks_->Warn(where, Path(written), absl::StrCat("is taken for ", key),
                   absl::StrCat("write \"", key, "\""));
    known_.insert(written);
    (*places_)[Path(key)] = where;
    return &node_.items[index];
  }
  return nullptr;
}

std::string JsonSection::Text(const std::string& key,
                              const std::string& fallback) {
  const JsonNode* node = Find(key);
  if (node == nullptr || node->kind == Kind::kNull) return fallback;
  if (node->kind == Kind::kScalar) return node->scalar;
  remarks_->Error({node->line, node->column}, Path(key),
                  absl::StrCat("is ", Described(*node), ", not a text"),
                  "write it in quotation marks");
  return fallback;
}

std::string JsonSection::Word(const std::string& key) {
  return std::string(absl::StripAsciiWhitespace(Text(key)));
}

bool JsonSection::Flag(const std::string& key, bool fallback) {
  const JsonNode* node = Find(key);
  if (node == nullptr || node->kind == Kind::kNull) return fallback;
  const std::string text = absl::AsciiStrToLower(node->scalar);
  if (node->kind == Kind::kScalar && (text == "true" || text == "false")) {
    return text == "true";
  }
  remarks_->Error(
      {node->line, node->column}, Path(key),
      node->kind == Kind::kScalar
          ? absl::StrCat("\"", node->scalar, "\" is neither true nor false")
          : absl::StrCat("is ", Described(*node), ", neither true nor false"),
      "write true or false");
  return fallback;
}

std::optional<int> JsonSection::Number(const std::string& key) {
  const JsonNode* node = Find(key);
  if (node == nullptr || node->kind == Kind::kNull ||
      (node->kind == Kind::kScalar && node->scalar.empty())) {
    return std::nullopt;
  }
  int number = 0;
  if (node->kind == Kind::kScalar && absl::SimpleAtoi(node->scalar, &number)) {
    return number;
  }
  remarks_->Error({node->line, node->column}, Path(key), "is no whole number",
                  "write digits only");
  return std::nullopt;
}

const std::vector<JsonNode>& JsonSection::List(const std::string& key) {
  static const auto* const kNone = new std::vector<JsonNode>();
  const JsonNode* node = Find(key);
  if (node == nullptr || node->kind == Kind::kNull) return *kNone;
  if (node->kind == Kind::kSequence) return node->items;
  remarks_->Error({node->line, node->column}, Path(key),
                  absl::StrCat("is ", Described(*node), ", not a list"),
                  "write it as [ … ]");
  return *kNone;
}

std::optional<JsonSection> JsonSection::Section(const std::string& key) {
  const JsonNode* node = Find(key);
  if (node == nullptr || node->kind == Kind::kNull) return std::nullopt;
  return JsonSection(*node, Path(key), remarks_, places_);
}

void JsonSection::ReportUnknown() const {
  for (const auto& [key, index] : keys_) {
    if (known_.count(key) > 0) continue;
    remarks_->Warn(
        {node_.keys[index].line, node_.keys[index].column}, Path(key),
        "is not known and is left out",
        absl::StrCat("known here are ", absl::StrJoin(known_, ", ")));
  }
}

}  // namespace opcon_snow::incumbent
