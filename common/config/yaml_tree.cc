#include "common/config/yaml_tree.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/config/fault.h"
#include "yaml-cpp/anchor.h"
#include "yaml-cpp/emitterstyle.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/exceptions.h"
#include "yaml-cpp/mark.h"
#include "yaml-cpp/parser.h"

namespace opcon_snow::config::internal {
namespace {

// Ends the parsing from inside the handler; yaml-cpp has no other way.
class Stop : public std::exception {
 public:
  Stop(const YAML::Mark& mark, std::string message)
      : mark_(mark), message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }
  const YAML::Mark& mark() const { return mark_; }

 private:
  YAML::Mark mark_;
  std::string message_;
};

std::size_t CountNodes(const YamlNode& node) {
  std::size_t count = 1 + node.keys.size();
  for (const YamlNode& item : node.items) count += CountNodes(item);
  return count;
}

int Depth(const YamlNode& node) {
  int deepest = 0;
  for (const YamlNode& item : node.items) {
    deepest = std::max(deepest, Depth(item));
  }
  return deepest + 1;
}

// Builds the tree from yaml-cpp's events. Aliases become copies of what they
// stand for, and are counted as such.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const YamlLimits& limits, Faults* faults)
      : limits_(limits), faults_(faults) {}

  std::optional<YamlNode> TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) {
      throw Stop(mark, "a second document begins here; a file holds one");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Complete(Make(YamlNode::Kind::kNull, mark), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (++aliases_ > limits_.max_aliases) {
      throw Stop(mark, absl::StrCat("more than ", limits_.max_aliases,
                                    " aliases (*name)"));
    }
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Stop(mark, "the alias stands inside what it stands for");
    }
    // Counted before the copy is made.
    CountIn(mark, CountNodes(found->second));
    CheckDepth(mark,
               open_.size() + static_cast<std::size_t>(Depth(found->second)));
    YamlNode copy = found->second;
    SetPlace(copy, mark);
    Complete(std::move(copy), 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& value) override {
    YamlNode node = Make(YamlNode::Kind::kScalar, mark);
    // yaml-cpp gives "!" to quoted and "?" to plain scalars without a tag.
    node.quoted = tag == "!";
    CheckTag(mark, tag);
    node.scalar = value;
    Complete(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kSequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag,
                  YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  // A sequence or map that is not complete yet.
  struct OpenNode {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    std::optional<YamlNode> key;  // of a map: waiting for its value
  };

  static void SetPlace(YamlNode& node, const YAML::Mark& mark) {
    node.line = mark.line + 1;
    node.column = mark.column + 1;
  }

  YamlNode Make(YamlNode::Kind kind, const YAML::Mark& mark) {
    CountIn(mark, 1);
    YamlNode node;
    node.kind = kind;
    SetPlace(node, mark);
    return node;
  }

  void CountIn(const YAML::Mark& mark, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > limits_.max_nodes) {
      throw Stop(mark,
                 absl::StrCat("more than ", limits_.max_nodes, " values"));
    }
  }

  void CheckDepth(const YAML::Mark& mark, std::size_t depth) const {
    if (depth > static_cast<std::size_t>(limits_.max_depth)) {
      throw Stop(mark, absl::StrCat("nested deeper than ", limits_.max_depth,
                                    " levels"));
    }
  }

  void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    faults_->AddAt(mark.line + 1, mark.column + 1, "",
                   absl::StrCat("tags are not supported: ", tag));
  }

  void Open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    CheckDepth(mark, open_.size() + 1);
    CheckTag(mark, tag);
    open_.push_back({Make(kind, mark), anchor, std::nullopt});
  }

  void Close() {
    OpenNode closed = std::move(open_.back());
    open_.pop_back();
    Complete(std::move(closed.node), closed.anchor);
  }

  void Complete(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != 0) {
      // A copy as well: nested anchors would multiply.
      YAML::Mark mark;
      mark.line = node.line - 1;
      mark.column = node.column - 1;
      CountIn(mark, CountNodes(node));
      anchors_[anchor] = node;
    }
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    OpenNode& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::kSequence) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key.has_value()) {
      parent.key = std::move(node);
    } else {
      AddEntry(parent.node, *std::exchange(parent.key, std::nullopt),
               std::move(node));
    }
  }

  void AddEntry(YamlNode& map, YamlNode key, YamlNode value) {
    if (key.kind != YamlNode::Kind::kScalar) {
      faults_->AddAt(key.line, key.column, "",
                     "a key must be a plain or quoted text");
      return;
    }
    map.keys.push_back(std::move(key));
    map.items.push_back(std::move(value));
  }

  const YamlLimits& limits_;
  Faults* const faults_;
  int documents_ = 0;
  int aliases_ = 0;
  std::size_t nodes_ = 0;
  std::vector<OpenNode> open_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  std::optional<YamlNode> root_;
};

void AddSyntaxFault(const YAML::Mark& mark, absl::string_view message,
                    Faults* faults) {
  if (mark.is_null()) {
    faults->AddAt(0, 0, "", message);
  } else {
    faults->AddAt(mark.line + 1, mark.column + 1, "", message);
  }
}

}  // namespace

std::optional<YamlNode> ParseYaml(absl::string_view text,
                                  const YamlLimits& limits, Faults* faults) {
  if (text.size() > limits.max_bytes) {
    faults->AddAt(0, 0, "",
                  absl::StrCat("longer than ", limits.max_bytes, " bytes"));
    return std::nullopt;
  }
  TreeBuilder builder(limits, faults);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop& stop) {
    AddSyntaxFault(stop.mark(), stop.what(), faults);
    return std::nullopt;
  } catch (const YAML::Exception& exception) {
    AddSyntaxFault(exception.mark, absl::StrCat("not YAML: ", exception.msg),
                   faults);
    return std::nullopt;
  } catch (const std::exception& exception) {
    AddSyntaxFault(YAML::Mark::null_mark(),
                   absl::StrCat("not YAML: ", exception.what()), faults);
    return std::nullopt;
  }
  std::optional<YamlNode> root = builder.TakeRoot();
  if (!root.has_value() || root->kind == YamlNode::Kind::kNull) {
    root.emplace();
    root->kind = YamlNode::Kind::kMap;
  }
  return root;
}

}  // namespace opcon_snow::config::internal
