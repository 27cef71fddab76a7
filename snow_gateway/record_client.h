#ifndef OPCON_SNOW_SNOW_GATEWAY_RECORD_CLIENT_H_
#define OPCON_SNOW_SNOW_GATEWAY_RECORD_CLIENT_H_

// The calls of the Table API and the Attachment API that this gateway makes:
// one function, one REST call. Names of tables, columns and sys_ids must have
// been checked (query.h); values are encoded here.
//
// Unless the configuration has other paths, the API versions are pinned: Table
// v2, whose empty list is an empty list and not a 404, and Attachment v1, the
// only one there is.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/async/task.h"
#include "common/http/body.h"
#include "nlohmann/json.hpp"
#include "snow_gateway/call_scope.h"
#include "snow_gateway/query.h"
#include "snow_gateway/rest_client.h"

namespace opcon_snow::snow {

struct RecordReply {
  nlohmann::json row;
};

struct ListQuery {
  std::string table;
  BoundedQuery query;
  std::vector<std::string> columns;
  bool display_values = false;
};

struct Upload {
  std::string table;
  std::string record_sys_id;
  std::string file_name;
  std::string content_type;
  // One of the two. A source can be read only once, so that an upload from one
  // is not sent again after a new login.
  std::shared_ptr<const std::string> content;
  std::shared_ptr<http::BodySource> source;
};

// Where the API is; see ApiPaths in the configuration.
struct RecordPaths {
  std::string table = "/api/now/v2/table";
  std::string create = "/api/now/v2/table";
  std::string attachment = "/api/now/v1/attachment";
};

// What an intermediate table says of a row that it was given.
struct IndirectReply {
  // Of the record that was made of it, if the reply says so.
  std::string sys_id;
};

// Confined to the loop's thread. `client` must outlive it and its calls.
class RecordClient {
 public:
  RecordClient(RestClient* client, std::string instance, RecordPaths paths)
      : client_(client),
        instance_(std::move(instance)),
        paths_(std::move(paths)) {}

  // RECORD_NOT_FOUND if there is none.
  async::Task<absl::StatusOr<RecordReply>> Get(std::string table,
                                               std::string sys_id,
                                               std::vector<std::string> columns,
                                               CallScope scope);
  // Rows that are objects; ServiceNow may give fewer than match (it applies
  // the limit before access rules) and others than were asked for (it drops
  // conditions that it does not understand).
  async::Task<absl::StatusOr<std::vector<nlohmann::json>>> List(
      ListQuery query, CallScope scope);
  // `columns`: what the reply shows.
  async::Task<absl::StatusOr<RecordReply>> Insert(
      std::string table, nlohmann::json values,
      std::vector<std::string> columns, CallScope scope);
  // Into an intermediate table, whose rows the instance makes records of. Takes
  // the replies of the Table API and of the Import Set API; UPSTREAM_REJECTED
  // if the latter says that nothing was made of the row.
  async::Task<absl::StatusOr<IndirectReply>> InsertIndirectly(
      std::string staging_table, nlohmann::json values, CallScope scope);
  async::Task<absl::StatusOr<RecordReply>> Update(
      std::string table, std::string sys_id, nlohmann::json values,
      std::vector<std::string> columns, CallScope scope);

  async::Task<absl::StatusOr<std::vector<nlohmann::json>>> ListAttachments(
      std::string table, std::string record_sys_id, BoundedQuery query,
      CallScope scope);
  async::Task<absl::StatusOr<RecordReply>> GetAttachment(std::string sys_id,
                                                         CallScope scope);
  // ATTACHMENT_REFUSED if the instance does not take it.
  async::Task<absl::StatusOr<RecordReply>> UploadAttachment(Upload upload,
                                                            CallScope scope);
  // The bytes go to `sink`; more than `max_bytes`, or 64 KiB if that is more,
  // is TOO_LARGE.
  async::Task<absl::Status> DownloadAttachment(
      std::string sys_id, std::shared_ptr<http::BodySink> sink,
      std::int64_t max_bytes, CallScope scope);

 private:
  RestCall MakeCall(http::Method method, Effect effect,
                    const std::string& table, const std::string& sys_id,
                    std::string path) const;
  async::Task<absl::StatusOr<RecordReply>> SendForRecord(RestCall call,
                                                         CallScope scope);
  async::Task<absl::StatusOr<std::vector<nlohmann::json>>> SendForRows(
      RestCall call, CallScope scope);

  RestCall MakeInsert(const std::string& table, const nlohmann::json& values,
                      const std::vector<std::string>& columns) const;

  RestClient* const client_;
  const std::string instance_;
  const RecordPaths paths_;
};

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_RECORD_CLIENT_H_
