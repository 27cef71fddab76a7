#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_RECORD_RENDERER_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_RECORD_RENDERER_H_

// A record as the REST APIs show it: every value is a string, or an object for
// references and for display values.

#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "sandbox/servicenow/dictionary.h"
#include "sandbox/servicenow/settings.h"
#include "sandbox/servicenow/table_store.h"

namespace opcon_snow::sandbox::servicenow {

enum class DisplayMode { kValue, kDisplay, kBoth };  // false, true, all

struct RenderOptions {
  DisplayMode mode = DisplayMode::kValue;
  bool reference_links = true;
  // Empty: every column of the table. Names that do not exist are left out;
  // they may walk references.
  std::vector<std::string> fields;
  // sysparm_view, which decides where `fields` is empty.
  std::string view;
  // Before "/api/now/…" in links.
  std::string origin;
};

class RecordRenderer {
 public:
  // All must outlive it.
  RecordRenderer(const Dictionary* dictionary, const TableStore* store,
                 const Settings* settings)
      : dictionary_(dictionary), store_(store), settings_(settings) {}

  // As a record of `table`, which may be one that its own class extends.
  nlohmann::json Render(const std::string& table, const Record& record,
                        const RenderOptions& options) const;

 private:
  struct Shown {
    std::string value;
    std::string display_value;
  };

  // The display value is only looked for if `mode` shows it.
  Shown ValuesAt(const Record& record, const std::vector<const Field*>& path,
                 DisplayMode mode) const;
  // All entries of a journal column, the newest first, as a form shows them.
  std::string JournalText(const Record& record, const Field& field) const;
  static nlohmann::json Combine(const Field& field, const Shown& shown,
                                const RenderOptions& options);

  const Dictionary* dictionary_;
  const TableStore* store_;
  const Settings* settings_;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_RECORD_RENDERER_H_
