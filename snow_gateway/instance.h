#ifndef OPCON_SNOW_SNOW_GATEWAY_INSTANCE_H_
#define OPCON_SNOW_SNOW_GATEWAY_INSTANCE_H_

// The ServiceNow instances that the gateway serves, with all that it keeps of
// each. Confined to the loop's thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/async/event_loop.h"
#include "common/clock/clock.h"
#include "common/http/limiter.h"
#include "common/http/transport.h"
#include "common/http/url.h"
#include "servicenow/v1/instance.pb.h"
#include "snow_gateway/attempts.h"
#include "snow_gateway/byte_budget.h"
#include "snow_gateway/credentials.h"
#include "snow_gateway/file_name.h"
#include "snow_gateway/record_client.h"
#include "snow_gateway/reference_cache.h"
#include "snow_gateway/rest_client.h"

namespace opcon_snow::snow {

struct InstanceSettings {
  std::string name;
  http::BaseUrl base_url;
  Credentials credentials;
  // Where incidents are read, changed and given attachments.
  std::string incident_table = "incident";
  // Where new ones are inserted; another one is an intermediate table.
  std::string create_table = "incident";
  RecordPaths paths{};
  // Empty: none.
  std::string fallback_assignment_group{};
  std::string default_close_code{};
  std::string default_close_notes{};
  FileNameRules file_names{};
  std::string integration_user{};
  absl::Duration call_timeout = absl::Seconds(65);
  std::size_t max_response_bytes = std::size_t{8} << 20;
  http::LimiterOptions limiter{};
  std::int64_t max_attachment_bytes = std::int64_t{64} << 20;
};

class Instance {
 public:
  // `loop` and `clock` must outlive the instance and all that it started.
  Instance(InstanceSettings settings, async::EventLoop* loop,
           std::shared_ptr<http::Transport> transport, const Clock* clock);

  const InstanceSettings& settings() const { return settings_; }
  RestClient& client() { return client_; }
  RecordClient& records() { return records_; }
  ReferenceCache& references() { return references_; }
  ByteBudget& upload_budget() { return upload_budget_; }
  Attempts& attempts() { return attempts_; }
  async::EventLoop& loop() const { return client_.loop(); }

  // Whether the instance takes the sys_id that a create chooses, as far as
  // earlier creates have shown. Never known where there is an intermediate
  // table.
  std::optional<bool> honours_sys_id() const { return honours_sys_id_; }
  void set_honours_sys_id(bool honours) {
    if (!creates_indirectly()) honours_sys_id_ = honours;
  }
  bool creates_indirectly() const {
    return settings_.create_table != settings_.incident_table;
  }

  ::servicenow::v1::Instance Describe(bool is_default) const;

 private:
  const InstanceSettings settings_;
  const Clock* const clock_;
  RestClient client_;
  RecordClient records_;
  ReferenceCache references_;
  ByteBudget upload_budget_;
  Attempts attempts_;
  std::optional<bool> honours_sys_id_;
};

// The configured instances. Replaced as a whole when the configuration changes;
// calls under way keep the instance that they began with.
class InstanceRegistry {
 public:
  // `instances` is not empty; `default_name` is the name of one.
  InstanceRegistry(std::vector<std::shared_ptr<Instance>> instances,
                   std::string default_name);

  // The default for an empty name. UNKNOWN_INSTANCE.
  absl::StatusOr<std::shared_ptr<Instance>> Find(absl::string_view name) const;

  // In the order of the configuration.
  const std::vector<std::shared_ptr<Instance>>& instances() const {
    return instances_;
  }
  bool IsDefault(const Instance& instance) const {
    return instance.settings().name == default_name_;
  }

 private:
  const std::vector<std::shared_ptr<Instance>> instances_;
  const std::string default_name_;
};

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_INSTANCE_H_
