// Whatever JSON OpCon sends, it is read without a crash, and what is read can
// be sent on.

#include <cstdint>
#include <string>
#include <vector>

#include "common/http/json.h"
#include "gtest/gtest.h"
#include "opcon_gateway/job_parser.h"
#include "opcon_gateway/sample_job.h"
#include "opcon_gateway/upstream_json.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;

// Keys that mean something are likelier than others.
rc::Gen<std::string> AnyKey() {
  return rc::gen::oneOf(
      rc::gen::element<std::string>(
          "id", "uid", "name", "schedule", "date", "status", "category",
          "description", "computedStartTime", "computedEndTime", "time",
          "isEstimated", "jobNumber", "tags", "properties", "key", "value",
          "documentation", "job", "frequency", "incidentTicketId",
          "incidentTicketURL", "detailMessages", "startMachine"),
      rc::gen::arbitrary<std::string>());
}

rc::Gen<std::string> AnyText() {
  return rc::gen::oneOf(
      rc::gen::element<std::string>(
          "2026-01-05T03:00:01.0000000-06:00", "2026-01-05", "20260105|1|1|A",
          "||||", "|", "9223372036854775808", "-1", "Failed; Processing Events",
          "9999-12-31T23:59:59.9999999-18:00", "1970-01-01T00:00:00+18:00"),
      rc::gen::arbitrary<std::string>());
}

json AnyJson(int depth) {
  const int kind = *rc::gen::inRange(0, depth > 0 ? 9 : 7);
  switch (kind) {
    case 0:
      return nullptr;
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return *rc::gen::arbitrary<std::int64_t>();
    case 3:
      return *rc::gen::arbitrary<std::uint64_t>();
    case 4:
      return *rc::gen::arbitrary<double>();
    case 5:
    case 6:
      return *AnyText();
    case 7: {
      json list = json::array();
      const int size = *rc::gen::inRange(0, 5);
      for (int i = 0; i < size; ++i) list.push_back(AnyJson(depth - 1));
      return list;
    }
    default: {
      json object = json::object();
      const int size = *rc::gen::inRange(0, 8);
      for (int i = 0; i < size; ++i) object[*AnyKey()] = AnyJson(depth - 1);
      return object;
    }
  }
}

// As it comes over the wire: strings that are no UTF-8 are replaced.
void ReadAndSend(const json& value) {
  const auto parsed = ParseUpstreamJson(http::WriteJson(value));
  RC_ASSERT(parsed.ok());
  const auto job = ParseDailyJob(*parsed);
  if (!job) return;
  std::string bytes;
  RC_ASSERT(job->SerializeToString(&bytes));
  ::opcon::v1::DailyJob again;
  RC_ASSERT(again.ParseFromString(bytes));
  RC_ASSERT(!job->id().empty() || job->uid() != 0);
  if (job->has_start_time()) {
    RC_ASSERT(job->start_time().seconds() >= 0);
    RC_ASSERT(job->start_time().nanos() >= 0);
    RC_ASSERT(job->start_time().nanos() < 1'000'000'000);
  }
}

RC_GTEST_PROP(JobParserPropertyTest, ReadsAnyJson, ()) {
  ReadAndSend(AnyJson(4));
}

RC_GTEST_PROP(JobParserPropertyTest, ReadsAJobWithAnyPartReplaced, ()) {
  json job = SampleJob();
  const json flat = job.flatten();
  std::vector<std::string> places;
  for (const auto& [place, value] : flat.items()) places.push_back(place);
  const int changes = *rc::gen::inRange(1, 4);
  for (int i = 0; i < changes; ++i) {
    std::string place = *rc::gen::elementOf(places);
    // A whole branch as often as a leaf.
    if (*rc::gen::arbitrary<bool>()) {
      place = place.substr(0, place.find('/', 1));
    }
    const json::json_pointer pointer(place);
    if (job.contains(pointer)) job[pointer] = AnyJson(3);
  }
  ReadAndSend(job);
}

RC_GTEST_PROP(JobParserPropertyTest, NeverCrashesOnBytes,
              (const std::string& bytes)) {
  const auto parsed = ParseUpstreamJson(bytes);
  if (parsed.ok()) ParseDailyJob(*parsed);
}

}  // namespace
}  // namespace opcon_snow::opcon
