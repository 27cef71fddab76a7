#include "sandbox/servicenow/attachment_api.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/digest/sha256.h"
#include "nlohmann/json.hpp"
#include "sandbox/servicenow/replies.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using Json = nlohmann::json;

constexpr char kTable[] = "sys_attachment";

Reply MissingParameter(absl::string_view name) {
  return ErrorReply(400, "Missing mandatory parameter",
                    absl::StrCat("The parameter ", name, " is required"));
}

// ".txt"; "" if there is none.
std::string Extension(const std::string& file_name) {
  const std::size_t dot = file_name.rfind('.');
  if (dot == std::string::npos) return "";
  return absl::AsciiStrToLower(file_name.substr(dot));
}

}  // namespace

Reply AttachmentApi::Handle(const ApiCall& call) {
  const bool reads = call.method == "GET" || call.method == "HEAD";
  if (call.rest.empty()) {
    return reads ? List(call) : MethodNotSupported(call.method);
  }
  if (call.rest.size() == 1 && call.rest[0] == "file") {
    return call.method == "POST" ? PostFile(call)
                                 : MethodNotSupported(call.method);
  }
  if (call.rest.size() == 1 && call.rest[0] == "upload") {
    return call.method == "POST" ? Upload(call)
                                 : MethodNotSupported(call.method);
  }
  const bool download = call.rest.size() == 2 && call.rest[1] == "file";
  if (call.rest.size() > 1 && !download) return NoSuchUri();
  const Record* record =
      std::as_const(*parts_.store).Find(kTable, call.rest[0]);
  if (record == nullptr) return NoSuchRecord();
  if (!download) return OneRecord(call, *record);
  return reads ? Download(call, *record) : MethodNotSupported(call.method);
}

Reply AttachmentApi::List(const ApiCall& call) {
  std::optional<Reply> refused = CheckAccept(call);
  if (refused.has_value()) return *std::move(refused);
  const absl::StatusOr<Page> page = RunList(call, parts_, kTable);
  if (!page.ok()) return FailureReply(page.status());
  Json list = Json::array();
  for (const Record* record : page->records) {
    list.push_back(Metadata(call, *record));
  }
  Reply reply = ResultReply(200, std::move(list));
  AddPageHeaders(call.request, *page, reply);
  return reply;
}

Reply AttachmentApi::OneRecord(const ApiCall& call, const Record& record) {
  std::optional<Reply> refused = CheckAccept(call);
  if (refused.has_value()) return *std::move(refused);
  if (call.method == "GET" || call.method == "HEAD") {
    return ResultReply(200, Metadata(call, record));
  }
  if (call.method == "DELETE") {
    const absl::Status deleted = parts_.writer->Delete(record, call.actor);
    return deleted.ok() ? Reply::Empty(204) : FailureReply(deleted);
  }
  if (call.method != "PATCH") return MethodNotSupported(call.method);
  refused = CheckJsonBody(call, *parts_.settings);
  if (refused.has_value()) return *std::move(refused);
  const absl::StatusOr<FieldValues> input = ParseRecord(call.request);
  if (!input.ok()) {
    return ErrorReply(400, "Exception while reading request",
                      std::string(input.status().message()));
  }
  FieldValues renamed;
  if (const auto it = input->find("file_name"); it != input->end()) {
    renamed.insert(*it);
  }
  const absl::StatusOr<const Record*> updated =
      parts_.writer->Update(record, renamed, call.actor);
  if (!updated.ok()) return FailureReply(updated.status());
  return ResultReply(200, Metadata(call, **updated));
}

Reply AttachmentApi::PostFile(const ApiCall& call) {
  std::optional<Reply> refused = CheckAccept(call);
  if (refused.has_value()) return *std::move(refused);
  const SandboxRequest& request = call.request;
  for (const char* name : {"table_name", "table_sys_id", "file_name"}) {
    if (request.Query(name).value_or("").empty()) return MissingParameter(name);
  }
  if (request.Header("content-type").empty()) {
    return ErrorReply(400, "Missing header",
                      "The Content-Type header is required");
  }
  return Add(call,
             {*request.Query("table_name"), *request.Query("table_sys_id"),
              *request.Query("file_name"), request.Header("content-type"),
              &request.body, request.Query("encryption_context").value_or(""),
              request.Query("creation_time").value_or("")});
}

Reply AttachmentApi::Upload(const ApiCall& call) {
  std::optional<Reply> refused = CheckAccept(call);
  if (refused.has_value()) return *std::move(refused);
  NewFile file;
  file.content_type = "application/octet-stream";
  for (const FormPart& part : call.request.parts) {
    // The file must be the last part; what comes behind it is not read.
    if (file.content != nullptr) break;
    if (!part.file_name.empty()) {
      file.name = part.file_name;
      if (!part.content_type.empty()) file.content_type = part.content_type;
      file.content = &part.content;
    } else if (part.name == "table_name") {
      file.table = part.content;
    } else if (part.name == "table_sys_id") {
      file.record = part.content;
    }
  }
  if (file.table.empty()) return MissingParameter("table_name");
  if (file.record.empty()) return MissingParameter("table_sys_id");
  if (file.content == nullptr) return MissingParameter("uploadFile");
  return Add(call, file);
}

std::optional<Reply> AttachmentApi::CheckFile(const ApiCall& call,
                                              const NewFile& file) const {
  if (parts_.dictionary->FindTable(file.table) == nullptr) {
    return InvalidTable(file.table);
  }
  if (parts_.store->Find(file.table, file.record) == nullptr) {
    return NoSuchRecord();
  }
  std::optional<Reply> refused = CheckMayWrite(call, parts_, file.table);
  if (refused.has_value()) return refused;
  const Settings& settings = *parts_.settings;
  if (settings.blocked_extensions.contains(Extension(file.name))) {
    return ErrorReply(settings.blocked_attachment_status,
                      "Failed to create the attachment",
                      "File type is not allowed or does not match the content "
                      "of the file");
  }
  if (!call.request.body_complete ||
      file.content->size() > settings.max_attachment_bytes) {
    return ErrorReply(
        413, "Failed to create the attachment",
        absl::StrCat("The size of the attachment is over the limit of ",
                     settings.max_attachment_bytes, " bytes"));
  }
  return std::nullopt;
}

Reply AttachmentApi::Add(const ApiCall& call, const NewFile& file) {
  std::optional<Reply> refused = CheckFile(call, file);
  if (refused.has_value()) return *std::move(refused);
  const std::string size = absl::StrCat(file.content->size());
  FieldValues values = {
      {"table_name", file.table},
      {"table_sys_id", parts_.store->Find(file.table, file.record)->sys_id()},
      {"file_name", file.name},
      {"content_type", file.content_type},
      {"size_bytes", size},
      {"size_compressed", size},
      {"encryption_context", file.encryption_context},
      {"hash", Sha256Hex(*file.content)}};
  absl::Time created;
  if (ParseTimestamp(file.creation_time, absl::ZeroDuration(), &created)) {
    values["sys_created_on"] = FormatTimestamp(created);
  }
  const absl::StatusOr<const Record*> record =
      parts_.writer->Store(kTable, values, call.actor);
  if (!record.ok()) return FailureReply(record.status());
  parts_.store->PutContent((*record)->sys_id(), *file.content);
  return ResultReply(201, Metadata(call, **record))
      .With("Location",
            absl::StrCat(call.request.Origin(), "/api/now/attachment/",
                         (*record)->sys_id()));
}

Reply AttachmentApi::Download(const ApiCall& call, const Record& record) const {
  const auto content = parts_.store->Content(record.sys_id());
  if (content == nullptr) return NoSuchRecord();
  Reply reply = Reply::Text(200, *content, record.Get("content_type"));
  // Headers hold ASCII only.
  reply.With("X-Attachment-Metadata",
             Metadata(call, record)
                 .dump(-1, ' ', /*ensure_ascii=*/true,
                       Json::error_handler_t::replace));
  const std::string name =
      absl::StrReplaceAll(record.Get("file_name"),
                          {{"\\", "_"}, {"\"", "_"}, {"\r", "_"}, {"\n", "_"}});
  return reply.With("Content-Disposition",
                    absl::StrCat("attachment;filename=\"", name, "\""));
}

nlohmann::json AttachmentApi::Metadata(const ApiCall& call,
                                       const Record& record) const {
  RenderOptions options;
  options.reference_links = false;
  Json metadata = parts_.renderer->Render(kTable, record, options);
  metadata["download_link"] = absl::StrCat(
      call.request.Origin(), "/api/now/attachment/", record.sys_id(), "/file");
  return metadata;
}

}  // namespace opcon_snow::sandbox::servicenow
