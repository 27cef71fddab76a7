// File: library.h
//
// The headers of libraries that most of our files include; see BUILD. Nothing
// includes this file by name. None that defines objects of its own belongs
// here: CLI11 does, and every file had to emit them and all that they use,
// which took longer than the file itself.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <deque>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/json_util.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/impl/service_type.h"
#include "grpcpp/support/sync_stream.h"
#include "nlohmann/json.hpp"

// What many files instantiate of these templates; done here, it takes each of
// them a good deal less. Nobody calls this, so it is in no program.
namespace precompiled {

inline void Instantiate() {
  using Json = nlohmann::json;
  using Strings = std::vector<std::string>;
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  using Map = std::map<std::string, std::string>;

  Strings strings{"a", "b"};
  strings = Strings(strings);
  strings.push_back(strings.front());
  strings.emplace_back("c");
  strings.insert(strings.end(), strings.begin(), strings.end());
  strings.erase(strings.begin());
  std::sort(strings.begin(), strings.end());
  const std::string joined = absl::StrJoin(strings, ",");
  strings = absl::StrSplit(joined, ',');
  const std::vector<absl::string_view> views = absl::StrSplit(joined, ',');

  Pairs pairs{{"a", "b"}};
  pairs = Pairs(pairs);
  pairs.emplace_back(joined, joined);

  Map map{{"a", "b"}};
  map = Map(map);
  map["c"] = joined;
  map.emplace(joined, joined);
  map.erase(map.find("a"));
  for (const auto& [key, value] : map) pairs.emplace_back(key, value);
  std::set<std::string> set(strings.begin(), strings.end());
  set = std::set<std::string>(set);
  set.insert(joined);

  std::optional<std::string> text = joined;
  text = std::optional<std::string>(text);
  std::optional<absl::Duration> duration = absl::Seconds(1);
  std::optional<absl::Time> time = absl::UnixEpoch() + *duration;
  std::optional<int> integer = 1;
  std::optional<int64_t> number = *integer;
  duration = std::optional<absl::Duration>(duration);
  time = std::optional<absl::Time>(time);
  integer = std::optional<int>(integer);
  number = std::optional<int64_t>(number);

  const std::shared_ptr<const std::string> shared =
      std::make_shared<std::string>(joined);
  const std::unique_ptr<std::string> owned =
      std::make_unique<std::string>(*shared);
  const std::function<void(const std::string&)> function =
      [](const std::string&) {};
  function(*owned);
  absl::StatusOr<std::string> status = absl::InternalError(joined);
  status = absl::StatusOr<std::string>(status);

  Json json = Json::parse(joined, nullptr, false);
  json = Json(json);
  json["key"] = {{"text", joined},
                 {"number", *number},
                 {"list", strings},
                 {"truth", true}};
  json["key"].push_back(Json::object({{"a", 1}, {"b", "c"}, {"d", json}}));
  for (const auto& [key, value] : json.items()) map[key] = value.dump(2);
  for (const Json& value : json)
    map[value.value("a", "")] = value.get<std::string>();
  if (json.contains("a") && json.at("a") == json && json["b"] == "c" &&
      json["d"] == 1) {
    json.erase("a");
  }
  const int64_t got =
      json["a"].get<int64_t>() + json["b"].get<int>() + json.value("c", 0);
  map[absl::StrCat(got, json["c"].get<bool>(), views.size())] =
      absl::StrFormat("%s %d", joined, got);
}

}  // namespace precompiled
