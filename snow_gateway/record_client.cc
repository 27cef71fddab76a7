#include "snow_gateway/record_client.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/http/json.h"
#include "common/http/url.h"
#include "common/status/utf8.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/row.h"

namespace opcon_snow::snow {
namespace {

// Of the instance's own words.
constexpr std::size_t kMaxQuoted = 400;
constexpr std::size_t kMaxErrorBody = std::size_t{64} * 1024;

// The text that a body is sent from, shared by all attempts.
class SharedTextSource final : public http::BodySource {
 public:
  explicit SharedTextSource(std::shared_ptr<const std::string> text)
      : text_(std::move(text)) {}

  std::optional<std::int64_t> length() const override {
    return static_cast<std::int64_t>(text_->size());
  }
  void Open(std::function<void()> /*resume*/) override {}
  ReadResult Read(char* buffer, std::size_t capacity) override {
    const std::size_t size = std::min(capacity, text_->size() - offset_);
    if (size == 0) return {State::kEnd, 0};
    std::memcpy(buffer, text_->data() + offset_, size);
    offset_ += size;
    return {State::kData, size};
  }
  void Close() override {}

 private:
  const std::shared_ptr<const std::string> text_;
  std::size_t offset_ = 0;
};

// "name=value&name=value" with encoded values.
class Parameters {
 public:
  Parameters& Add(absl::string_view name, absl::string_view value) {
    absl::StrAppend(&text_, text_.empty() ? "" : "&", name, "=",
                    http::PercentEncode(value));
    return *this;
  }
  Parameters& Columns(const std::vector<std::string>& columns) {
    return Add("sysparm_fields", absl::StrJoin(columns, ","));
  }
  std::string Text() const { return text_; }

 private:
  std::string text_;
};

// What every call that shows a record asks for: plain sys_ids as references.
Parameters ShowParameters(const std::vector<std::string>& columns,
                          bool display_values) {
  Parameters parameters;
  parameters.Columns(columns)
      .Add("sysparm_display_value", display_values ? "all" : "false")
      .Add("sysparm_exclude_reference_link", "true");
  return parameters;
}

// An import set answers with a list of what its maps made of the row, and 201
// also if they made nothing.
absl::StatusOr<IndirectReply> ReadIndirectReply(const RequestFacts& facts,
                                                const nlohmann::json& result) {
  IndirectReply indirect;
  if (result.is_object()) return indirect;
  if (!result.is_array()) {
    return UnexpectedReply(facts, "the reply is no record and no list");
  }
  for (const nlohmann::json& outcome : result) {
    const std::string status = ValueOf(outcome, "status");
    const std::string sys_id = ValueOf(outcome, "sys_id");
    if (status != "error") {
      // Inserted, updated, or ignored because it was like that already.
      if (!IsSysId(sys_id)) continue;
      indirect.sys_id = sys_id;
      return indirect;
    }
    ErrorDetails details;
    details.metadata["instance"] = facts.instance;
    details.metadata["table"] = facts.table;
    details.metadata["upstream_detail"] =
        ToValidUtf8(ValueOf(outcome, "error_message"), kMaxQuoted);
    return WithDoubt(
        GatewayError(
            ::servicenow::v1::ERROR_REASON_UPSTREAM_REJECTED,
            absl::StrCat(Describe(facts),
                         ": the instance took the row and made no record of "
                         "it; the ServiceNow administrator can mend the "
                         "transform maps of ",
                         facts.table),
            std::move(details)),
        Doubt::kEnded);
  }
  return indirect;
}

}  // namespace

RestCall RecordClient::MakeCall(http::Method method, Effect effect,
                                const std::string& table,
                                const std::string& sys_id,
                                std::string path) const {
  RestCall call;
  call.facts.instance = instance_;
  call.facts.method = method;
  call.facts.path = std::move(path);
  call.facts.effect = effect;
  call.facts.table = table;
  call.facts.sys_id = sys_id;
  return call;
}

async::Task<absl::StatusOr<RecordReply>> RecordClient::SendForRecord(
    RestCall call, CallScope scope) {
  const RequestFacts facts = call.facts;
  async::Task<absl::StatusOr<RestReply>> sending =
      client_->Send(std::move(call), std::move(scope));
  absl::StatusOr<RestReply> reply = co_await std::move(sending);
  if (!reply.ok()) co_return reply.status();
  if (!reply->result.is_object() || ValueOf(reply->result, "sys_id").empty()) {
    co_return UnexpectedReply(facts, "the reply is no record with a sys_id");
  }
  if (facts.method != http::Method::kPost &&
      ValueOf(reply->result, "sys_id") != facts.sys_id) {
    co_return UnexpectedReply(facts, "the reply is another record");
  }
  RecordReply record;
  record.row = std::move(reply->result);
  co_return record;
}

async::Task<absl::StatusOr<std::vector<nlohmann::json>>>
RecordClient::SendForRows(RestCall call, CallScope scope) {
  const RequestFacts facts = call.facts;
  async::Task<absl::StatusOr<RestReply>> sending =
      client_->Send(std::move(call), std::move(scope));
  absl::StatusOr<RestReply> reply = co_await std::move(sending);
  if (!reply.ok()) co_return reply.status();
  if (!reply->result.is_array()) {
    co_return UnexpectedReply(facts, "the reply is no list");
  }
  std::vector<nlohmann::json> rows;
  for (nlohmann::json& row : reply->result) {
    if (!row.is_object()) {
      co_return UnexpectedReply(facts, "the reply is no list of records");
    }
    rows.push_back(std::move(row));
  }
  co_return rows;
}

async::Task<absl::StatusOr<RecordReply>> RecordClient::Get(
    std::string table, std::string sys_id, std::vector<std::string> columns,
    CallScope scope) {
  RestCall call = MakeCall(http::Method::kGet, Effect::kRead, table, sys_id,
                           absl::StrCat(paths_.table, "/", table, "/", sys_id));
  call.query = ShowParameters(columns, false).Text();
  return SendForRecord(std::move(call), std::move(scope));
}

async::Task<absl::StatusOr<std::vector<nlohmann::json>>> RecordClient::List(
    ListQuery query, CallScope scope) {
  RestCall call = MakeCall(http::Method::kGet, Effect::kRead, query.table, "",
                           absl::StrCat(paths_.table, "/", query.table));
  call.query = ShowParameters(query.columns, query.display_values)
                   .Add("sysparm_query", query.query.text())
                   .Add("sysparm_limit", absl::StrCat(query.query.limit()))
                   .Add("sysparm_no_count", "true")
                   .Text();
  return SendForRows(std::move(call), std::move(scope));
}

RestCall RecordClient::MakeInsert(
    const std::string& table, const nlohmann::json& values,
    const std::vector<std::string>& columns) const {
  RestCall call = MakeCall(http::Method::kPost, Effect::kWrite, table,
                           ValueOf(values, "sys_id"),
                           absl::StrCat(paths_.create, "/", table));
  if (!columns.empty()) call.query = ShowParameters(columns, false).Text();
  call.content_type = "application/json";
  call.body = http::WriteJson(values);
  return call;
}

async::Task<absl::StatusOr<RecordReply>> RecordClient::Insert(
    std::string table, nlohmann::json values, std::vector<std::string> columns,
    CallScope scope) {
  return SendForRecord(MakeInsert(table, values, columns), std::move(scope));
}

async::Task<absl::StatusOr<IndirectReply>> RecordClient::InsertIndirectly(
    std::string staging_table, nlohmann::json values, CallScope scope) {
  RestCall call = MakeInsert(staging_table, values, {});
  const RequestFacts facts = call.facts;
  async::Task<absl::StatusOr<RestReply>> sending =
      client_->Send(std::move(call), std::move(scope));
  absl::StatusOr<RestReply> reply = co_await std::move(sending);
  if (!reply.ok()) co_return reply.status();
  co_return ReadIndirectReply(facts, reply->result);
}

async::Task<absl::StatusOr<RecordReply>> RecordClient::Update(
    std::string table, std::string sys_id, nlohmann::json values,
    std::vector<std::string> columns, CallScope scope) {
  RestCall call = MakeCall(http::Method::kPatch, Effect::kWrite, table, sys_id,
                           absl::StrCat(paths_.table, "/", table, "/", sys_id));
  call.query = ShowParameters(columns, false).Text();
  call.content_type = "application/json";
  call.body = http::WriteJson(values);
  return SendForRecord(std::move(call), std::move(scope));
}

async::Task<absl::StatusOr<std::vector<nlohmann::json>>>
RecordClient::ListAttachments(std::string table, std::string record_sys_id,
                              BoundedQuery query, CallScope scope) {
  RestCall call = MakeCall(http::Method::kGet, Effect::kRead, table,
                           record_sys_id, paths_.attachment);
  call.query = Parameters()
                   .Add("sysparm_query", query.text())
                   .Add("sysparm_limit", absl::StrCat(query.limit()))
                   .Text();
  async::Task<absl::StatusOr<std::vector<nlohmann::json>>> sending =
      SendForRows(std::move(call), std::move(scope));
  absl::StatusOr<std::vector<nlohmann::json>> rows =
      co_await std::move(sending);
  // An empty list is a 404 in version 1 of the Table API; who knows.
  if (CarriesReason(rows.status(),
                    ::servicenow::v1::ERROR_REASON_RECORD_NOT_FOUND)) {
    co_return std::vector<nlohmann::json>();
  }
  co_return rows;
}

async::Task<absl::StatusOr<RecordReply>> RecordClient::GetAttachment(
    std::string sys_id, CallScope scope) {
  RestCall call =
      MakeCall(http::Method::kGet, Effect::kRead, "sys_attachment", sys_id,
               absl::StrCat(paths_.attachment, "/", sys_id));
  return SendForRecord(std::move(call), std::move(scope));
}

async::Task<absl::StatusOr<RecordReply>> RecordClient::UploadAttachment(
    Upload upload, CallScope scope) {
  RestCall call =
      MakeCall(http::Method::kPost, Effect::kWrite, upload.table,
               upload.record_sys_id, absl::StrCat(paths_.attachment, "/file"));
  call.facts.endpoint = Endpoint::kAttachmentUpload;
  call.query = Parameters()
                   .Add("table_name", upload.table)
                   .Add("table_sys_id", upload.record_sys_id)
                   .Add("file_name", upload.file_name)
                   .Text();
  call.content_type = upload.content_type;
  if (upload.source != nullptr) {
    call.resendable = false;
    call.body_source = [source = std::move(upload.source)] { return source; };
  } else {
    call.body_source = [content = std::move(upload.content)] {
      return std::make_shared<SharedTextSource>(content);
    };
  }
  return SendForRecord(std::move(call), std::move(scope));
}

async::Task<absl::Status> RecordClient::DownloadAttachment(
    std::string sys_id, std::shared_ptr<http::BodySink> sink,
    std::int64_t max_bytes, CallScope scope) {
  RestCall call =
      MakeCall(http::Method::kGet, Effect::kRead, "sys_attachment", sys_id,
               absl::StrCat(paths_.attachment, "/", sys_id, "/file"));
  call.facts.endpoint = Endpoint::kAttachmentContent;
  call.body_sink = std::move(sink);
  // An error's body needs room, too, however small the file is.
  call.max_response_bytes =
      std::max(static_cast<std::size_t>(max_bytes), kMaxErrorBody);
  async::Task<absl::StatusOr<RestReply>> sending =
      client_->Send(std::move(call), std::move(scope));
  const absl::StatusOr<RestReply> reply = co_await std::move(sending);
  co_return reply.status();
}

}  // namespace opcon_snow::snow
