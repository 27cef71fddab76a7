// Whatever JSON an instance sends, reading it neither crashes nor makes a
// message that cannot be sent; and what it sends properly is read unchanged.

#include <string>
#include <vector>

#include "common/http/json.h"
#include "common/status/utf8.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "rapidcheck/gtest.h"
#include "snow_gateway/columns.h"
#include "snow_gateway/incident_codec.h"

namespace opcon_snow::snow {
namespace {

using nlohmann::json;

rc::Gen<json> AnyScalar() {
  return rc::gen::oneOf(
      rc::gen::map(rc::gen::arbitrary<std::string>(),
                   [](const std::string& text) { return json(text); }),
      rc::gen::map(rc::gen::arbitrary<std::int64_t>(),
                   [](std::int64_t number) { return json(number); }),
      rc::gen::map(rc::gen::arbitrary<double>(),
                   [](double number) { return json(number); }),
      rc::gen::map(rc::gen::arbitrary<bool>(),
                   [](bool value) { return json(value); }),
      rc::gen::just(json(nullptr)), rc::gen::just(json::array()),
      rc::gen::element(json("-1"), json("99999999999999999999"), json("6"),
                       json("2026-01-05 12:00:00"), json("true")));
}

rc::Gen<json> AnyCell() {
  return rc::gen::oneOf(
      AnyScalar(),
      rc::gen::map(
          rc::gen::pair(AnyScalar(), AnyScalar()),
          [](const std::pair<json, json>& both) {
            return json{{"value", both.first}, {"display_value", both.second}};
          }));
}

bool IsUtf8(const std::string& text) {
  return ToValidUtf8(text, text.size()) == text;
}

RC_GTEST_PROP(IncidentCodecProperty, AnyRowGivesAMessageThatCanBeSent, ()) {
  json row = json::object();
  std::vector<std::string> columns = IncidentColumns();
  columns.push_back("u_own");
  for (const std::string& column : columns) {
    if (*rc::gen::arbitrary<bool>()) row[column] = *AnyCell();
  }
  const auto incident =
      IncidentFromRow(row, "https://x.test", "incident", {"u_own", "number"});
  std::string bytes;
  RC_ASSERT(incident.SerializeToString(&bytes));
  servicenow::v1::Incident again;
  RC_ASSERT(again.ParseFromString(bytes));
  RC_ASSERT(IsUtf8(incident.short_description()));
  RC_ASSERT(IsUtf8(incident.number()));
  for (const auto& [column, field] : incident.fields()) {
    RC_ASSERT(IsUtf8(field.value()));
  }
  RC_ASSERT(incident.reopen_count() >= 0);
}

RC_GTEST_PROP(IncidentCodecProperty, ValuesSurviveTheWire,
              (const std::string& raw)) {
  const std::string text = ToValidUtf8(raw, 4000);
  const json row = {{"description", text}, {"u_own", text}};
  const auto parsed = http::ParseJson(http::WriteJson(row));
  RC_ASSERT(parsed.ok());
  const auto incident =
      IncidentFromRow(*parsed, "https://x.test", "incident", {"u_own"});
  RC_ASSERT(incident.description() == text);
  RC_ASSERT(incident.fields().at("u_own").value() == text);
}

}  // namespace
}  // namespace opcon_snow::snow
