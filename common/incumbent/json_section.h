#ifndef OPCON_SNOW_COMMON_INCUMBENT_JSON_SECTION_H_
#define OPCON_SNOW_COMMON_INCUMBENT_JSON_SECTION_H_

// A JSON object that is read tolerantly, key by key. For template_file.cc.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/config/yaml_tree.h"
#include "common/incumbent/remark.h"

namespace opcon_snow::incumbent {

// JSON is read as the YAML that it is, which knows where each value stands.
using JsonNode = config::internal::YamlNode;

class JsonSection {
 public:
  // `node` must outlive the section. Says if it is no object. `places` takes
  // the place of each key, by its path.
  JsonSection(const JsonNode& node, std::string path, Remarks* remarks,
              std::map<std::string, Place>* places);

  // Keys that nobody asked for are reported.
  void ReportUnknown() const;

  const JsonNode* Find(const std::string& key);
  // `fallback` if the key is not there or is not what it should be, which is
  // said.
  std::string Text(const std::string& key, const std::string& fallback = "");
  // A name, an address, an encoded value: without the blanks around it.
  std::string Word(const std::string& key);
  bool Flag(const std::string& key, bool fallback);
  std::optional<int> Number(const std::string& key);
  // Empty if it is not there or no list, which is said.
  const std::vector<JsonNode>& List(const std::string& key);
  // nullopt if it is not there.
  std::optional<JsonSection> Section(const std::string& key);

  Place place() const { return {node_.line, node_.column}; }
  Place PlaceOf(const std::string& key) const;
  std::string Path(const std::string& key) const;

 private:
  const JsonNode& node_;
  const std::string path_;
  Remarks* const remarks_;
  std::map<std::string, Place>* const places_;
  // The index of each key as it was meant.
  std::map<std::string, std::size_t> keys_;
  std::set<std::string> known_;
};

}  // namespace opcon_snow::incumbent

#endif  // OPCON_SNOW_COMMON_INCUMBENT_JSON_SECTION_H_
