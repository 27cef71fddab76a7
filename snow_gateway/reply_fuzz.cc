// Whatever an instance answers to whatever call: it ends, in a reply that can
// be sent on or in an error of this gateway.
//
// Input: the call's letter, "+" after it for an instance with an intermediate
// table, then replies, each begun by a line "--": status, header lines, an
// empty line, the body. After the last one records are not found.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/async/manual_event_loop.h"
#include "common/clock/fake_clock.h"
#include "common/http/fake_transport.h"
#include "common/status/error.h"
#include "common/status/utf8.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"
#include "snow_gateway/attach_file.h"
#include "snow_gateway/attachments.h"
#include "snow_gateway/create_incident.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/instance.h"
#include "snow_gateway/journal.h"
#include "snow_gateway/list_instances.h"
#include "snow_gateway/lookup_records.h"
#include "snow_gateway/read_incidents.h"
#include "snow_gateway/update_incident.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;

constexpr char kSysId[] = "0123456789abcdef0123456789abcdef";
constexpr char kMarker[] = "[failure 4711-0815]";
constexpr char kNoRecord[] =
    R"({"error":{"message":"No Record found","detail":null},)"
    R"("status":"failure"})";
// More than any call makes of finite replies.
constexpr std::size_t kMaxRequests = 200;

void Require(bool held, absl::string_view what) {
  if (held) return;
  std::fprintf(stderr, "%s\n", std::string(what).c_str());
  std::abort();
}

bool IsUtf8(const std::string& text) {
  return ToValidUtf8(text, text.size()) == text;
}

http::Response ParseReply(absl::string_view text) {
  http::Response response;
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits("\n\n", 1));
  response.body = std::string(parts.second);
  bool first = true;
  for (const absl::string_view line : absl::StrSplit(parts.first, '\n')) {
    if (std::exchange(first, false)) {
      int status = 0;
      (void)absl::SimpleAtoi(line, &status);
      response.status = status >= 200 && status <= 599 ? status : 200;
      continue;
    }
    const std::pair<std::string, std::string> header =
        absl::StrSplit(line, absl::MaxSplits(": ", 1));
    response.headers.Add(header.first, header.second);
  }
  return response;
}

// One call over scripted replies.
class Scene {
 public:
  explicit Scene(absl::string_view input)
      : transport_(std::make_shared<http::FakeTransport>(&loop_)) {
    const std::vector<absl::string_view> parts = absl::StrSplit(input, "--\n");
    call_ = parts[0];
    for (std::size_t i = 1; i < parts.size() && i < kMaxReplies; ++i) {
      transport_->Handle([reply = std::string(parts[i])](
                             const auto& /*request*/) -> http::Result {
        return ParseReply(reply);
      });
    }
    transport_->HandleRest([](const auto& /*request*/) -> http::Result {
      http::Response response;
      response.status = 404;
      response.headers.Set("Content-Type", "application/json");
      response.body = kNoRecord;
      return response;
    });
    InstanceSettings settings{
        "prod", *http::BaseUrl::Parse("https://dev.example.test", false),
        ApiKeyCredentials{FileSecret{config::Secret("key-key"), "/f"}}};
    if (absl::StrContains(call_, '+')) settings.create_table = "u_in";
    settings.fallback_assignment_group = "Service Desk";
    settings.default_close_code = "Solution provided";
    settings.default_close_notes = "Closed.";
    instance_ = std::make_shared<Instance>(std::move(settings), &loop_,
                                           transport_, &clock_);
  }

  void Play() {
    switch (call_.empty() ? ' ' : call_.front()) {
      case 'c':
        return Finish(CreateIncident(instance_, MakeCreate(), Scope()));
      case 'g':
        return Finish(GetIncident(instance_, MakeGet(), Scope()));
      case 'l':
        return Finish(
            ListIncidents(instance_, v1::ListIncidentsRequest(), Scope()));
      case 'u':
        return Finish(UpdateIncident(instance_, MakeUpdate(), Scope()));
      case 'j':
        return Finish(ListJournalEntries(instance_, MakeJournal(), Scope()));
      case 'f':
        return Finish(Attach());
      case 'a':
        return Finish(ListAttachments(instance_, MakeList(), Scope()));
      case 'r':
        return Finish(Read());
      case 'k':
        return Finish(LookupRecords(instance_, MakeLookup(), Scope()));
      default:
        return Finish(Probe());
    }
  }

 private:
  static constexpr std::size_t kMaxReplies = 50;

  CallScope Scope() const {
    CallScope scope;
    scope.deadline = loop_.MonotonicNow() + absl::Seconds(30);
    return scope;
  }

  template <class Reply>
  static void Check(const absl::StatusOr<Reply>& reply) {
    Check(reply.status());
    if (!reply.ok()) return;
    const google::protobuf::Message& message = *reply;
    std::string json;
    Require(google::protobuf::util::MessageToJsonString(message, &json).ok(),
            "a reply that is no JSON");
    Require(IsUtf8(json), "a reply that is no UTF-8");
  }

  static void Check(const absl::Status& status) {
    if (status.ok()) return;
    Require(!GetErrorReason(status).empty(), "an error without a reason");
    Require(IsUtf8(std::string(status.message())), "an error that is no UTF-8");
  }

  template <class Result>
  void Finish(async::Task<Result> task) {
    std::optional<Result> result;
    async::Start(std::move(task),
                 [&result](Result value) { result.emplace(std::move(value)); });
    loop_.RunUntilIdle();
    Require(result.has_value(), "a call that does not end");
    Require(transport_->requests().size() <= kMaxRequests, "too many requests");
    Check(*result);
  }

  static v1::CreateIncidentRequest MakeCreate() {
    v1::CreateIncidentRequest request;
    v1::Incident& incident = *request.mutable_incident();
    incident.set_sys_id(kSysId);
    incident.set_short_description("Job failed");
    incident.set_description(kMarker);
    incident.set_correlation_id("opcon:9010,x");
    (*incident.mutable_fields())["assignment_group"].set_display_value("Night");
    request.set_marker(kMarker);
    return request;
  }
  static v1::GetIncidentRequest MakeGet() {
    v1::GetIncidentRequest request;
    request.set_number("INC0010001");
    request.add_columns("urgency");
    return request;
  }
  static v1::UpdateIncidentRequest MakeUpdate() {
    v1::UpdateIncidentRequest request;
    request.mutable_incident()->set_sys_id(kSysId);
    request.mutable_incident()->set_state(v1::INCIDENT_STATE_RESOLVED);
    request.mutable_update_mask()->add_paths("state");
    v1::NewJournalEntry& entry = *request.mutable_journal_entry();
    entry.set_column(v1::JOURNAL_COLUMN_WORK_NOTES);
    entry.set_text(kMarker);
    entry.set_marker(kMarker);
    return request;
  }
  static v1::ListJournalEntriesRequest MakeJournal() {
    v1::ListJournalEntriesRequest request;
    request.set_incident_sys_id(kSysId);
    return request;
  }
  static v1::ListAttachmentsRequest MakeList() {
    v1::ListAttachmentsRequest request;
    request.set_record_sys_id(kSysId);
    return request;
  }
  static v1::LookupRecordsRequest MakeLookup() {
    v1::LookupRecordsRequest request;
    request.set_table("cmdb_ci");
    request.set_display_values(true);
    request.add_conditions()->set_column("name");
    request.mutable_conditions(0)->add_values("x");
    return request;
  }

  async::Task<absl::StatusOr<v1::AttachFileResponse>> Attach() {
    FindTarget find = [this](const std::string& /*name*/) {
      return absl::StatusOr<Target>(Target{instance_, Scope()});
    };
    return AttachFile(std::move(find), [this] { return NextPartOf(this); });
  }
  static async::Task<std::optional<v1::AttachFileRequest>> NextPartOf(
      Scene* self) {
    if (std::exchange(self->announced_, true)) co_return std::nullopt;
    v1::AttachFileRequest part;
    v1::AttachFileHeader& header = *part.mutable_header();
    header.set_record_sys_id(kSysId);
    header.set_file_name("job.txt");
    // Of nothing.
    header.set_sha256(
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    co_return part;
  }

  async::Task<absl::Status> Read() {
    v1::ReadAttachmentRequest request;
    request.set_sys_id(kSysId);
    return ReadAttachment(
        instance_, std::move(request),
        [](v1::ReadAttachmentResponse part) { return Take(std::move(part)); },
        Scope());
  }
  static async::Task<absl::Status> Take(v1::ReadAttachmentResponse part) {
    Require(!part.has_header() || IsUtf8(part.header().file_name()),
            "a name that is no UTF-8");
    co_return absl::OkStatus();
  }

  async::Task<absl::StatusOr<v1::ListInstancesResponse>> Probe() {
    v1::ListInstancesRequest request;
    request.set_probe(true);
    return ListInstances(
        std::make_shared<InstanceRegistry>(
            std::vector<std::shared_ptr<Instance>>{instance_}, "prod"),
        std::move(request), Scope());
  }

  async::ManualEventLoop loop_;
  FakeClock clock_;
  std::shared_ptr<http::FakeTransport> transport_;
  std::shared_ptr<Instance> instance_;
  absl::string_view call_;
  bool announced_ = false;
};

}  // namespace
}  // namespace opcon_snow::snow

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  opcon_snow::snow::Scene scene(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  scene.Play();
  return 0;
}
