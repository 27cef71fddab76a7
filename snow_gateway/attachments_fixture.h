#ifndef OPCON_SNOW_SNOW_GATEWAY_ATTACHMENTS_FIXTURE_H_
#define OPCON_SNOW_SNOW_GATEWAY_ATTACHMENTS_FIXTURE_H_

// A file that is attached, message by message. Tests only.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/digest/sha256.h"
#include "snow_gateway/attach_file.h"
#include "snow_gateway/gateway_fixture.h"

namespace opcon_snow::snow {

inline constexpr char kContent[] = "line 1\nline 2\n";

class AttachmentsTest : public GatewayTest {
 protected:
  AttachmentsTest() : instance_(MakeInstance()) {
    header_.set_record_sys_id(kSysId);
    header_.set_file_name("job log.txt");
    SetContent(kContent);
  }

  void SetContent(const std::string& content) {
    header_.set_size_bytes(static_cast<std::int64_t>(content.size()));
    header_.set_sha256(Sha256Hex(content));
    chunks_.clear();
    if (!content.empty()) chunks_.push_back(content);
  }

  static nlohmann::json Row(const std::string& content) {
    return {{"sys_id", kOtherSysId},
            {"table_name", "incident"},
            {"table_sys_id", kSysId},
            {"file_name", "job log.txt"},
            {"content_type", "text/plain"},
            {"size_bytes", absl::StrCat(content.size())},
            {"hash", Sha256Hex(content)},
            {"sys_created_on", "2026-01-05 12:00:00"}};
  }
  void AnswerNotThere() { AnswerResult(nlohmann::json::array()); }

  absl::StatusOr<::servicenow::v1::AttachFileResponse> Attach() {
    parts_.clear();
    parts_read_ = 0;
    ::servicenow::v1::AttachFileRequest first;
    *first.mutable_header() = header_;
    parts_.push_back(first);
    for (const std::string& chunk : chunks_) {
      ::servicenow::v1::AttachFileRequest part;
      part.set_chunk(chunk);
      parts_.push_back(part);
    }
    return AttachParts();
  }

  absl::StatusOr<::servicenow::v1::AttachFileResponse> AttachParts() {
    FindTarget find =
        [this](const std::string& name) -> absl::StatusOr<Target> {
      EXPECT_EQ(name, header_.instance());
      return Target{instance_, Scope()};
    };
    NextPart next = [this] { return ReadPart(this); };
    return Run(AttachFile(std::move(find), std::move(next)));
  }

  static async::Task<std::optional<::servicenow::v1::AttachFileRequest>>
  ReadPart(AttachmentsTest* self) {
    ++self->parts_read_;
    if (self->parts_.empty()) co_return std::nullopt;
    ::servicenow::v1::AttachFileRequest part = std::move(self->parts_.front());
    self->parts_.pop_front();
    co_return part;
  }

  std::shared_ptr<Instance> instance_;
  ::servicenow::v1::AttachFileHeader header_;
  std::vector<std::string> chunks_;
  std::deque<::servicenow::v1::AttachFileRequest> parts_;
  int parts_read_ = 0;
};

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_ATTACHMENTS_FIXTURE_H_
