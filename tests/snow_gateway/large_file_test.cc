// A large attachment passes through the gateway, both ways, without ever being
// in its memory.

#include <cstdio>
#include <fstream>
#include <functional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/digest/sha256.h"
#include "common/rpc/call.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/snow_gateway/gateway_and_sandbox.h"

namespace opcon_snow {
namespace {

namespace v1 = ::servicenow::v1;

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kFile = 50 * kMiB;
constexpr std::int64_t kMost = std::int64_t{64} << 20;

// A figure of /proc/PID/status, in bytes.
std::int64_t MemoryOf(pid_t pid, const std::string& name) {
  std::ifstream in(absl::StrCat("/proc/", pid, "/status"));
  std::string line;
  while (std::getline(in, line)) {
    if (!absl::StartsWith(line, name + ":")) continue;
    for (const absl::string_view word :
         absl::StrSplit(line, absl::ByAnyChar("\t "), absl::SkipEmpty())) {
      std::int64_t kib = 0;
      if (absl::SimpleAtoi(word, &kib)) return kib * 1024;
    }
  }
  ADD_FAILURE() << "no " << name << " of process " << pid;
  return 0;
}

// Does not compress, and no part is like another.
std::string Content() {
  std::string content;
  content.reserve(kFile);
  std::uint64_t state = 88172645463325252ULL;
  while (content.size() < kFile) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    content.append(reinterpret_cast<const char*>(&state), sizeof(state));
  }
  return content;
}

TEST_F(GatewayAndSandboxTest, FiftyMebibytesNeedNoMemory) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_OK(Create(NewIncident("large")));
  ASSERT_OK(Attach(SysId("large"), "small.txt", "x"));
  const std::int64_t idle = MemoryOf(gateway_->pid(), "VmRSS");

  const std::string content = Content();
  const auto attached = Attach(SysId("large"), "large.txt", content);
  ASSERT_OK(attached);
  EXPECT_TRUE(attached->created());
  EXPECT_EQ(attached->attachment().size_bytes(), kFile);
  const std::int64_t uploading = MemoryOf(gateway_->pid(), "VmHWM");

  v1::ReadAttachmentRequest read;
  read.set_sys_id(attached->attachment().sys_id());
  Sha256 digest;
  std::size_t size = 0;
  ASSERT_OK(
      rpc::ReadStream(*stub_, &Stub::ReadAttachment, read, {},
                      std::function<absl::Status(v1::ReadAttachmentResponse&)>(
                          [&](v1::ReadAttachmentResponse& part) {
                            digest.Update(part.chunk());
                            size += part.chunk().size();
                            return absl::OkStatus();
                          })));
  EXPECT_EQ(size, kFile);
  EXPECT_EQ(digest.FinishHex(), Sha256Hex(content));
  const std::int64_t most = MemoryOf(gateway_->pid(), "VmHWM");

  // There already: only the header is looked at.
  const auto again = Attach(SysId("large"), "large.txt", content);
  ASSERT_OK(again);
  EXPECT_FALSE(again->created());

  constexpr auto kUnit = static_cast<std::int64_t>(kMiB);
  std::printf(
      "resident: idle %lld MiB; at most while attaching %lld MiB more, "
      "while reading too %lld MiB more\n",
      static_cast<long long>(idle / kUnit),
      static_cast<long long>((uploading - idle) / kUnit),
      static_cast<long long>((most - idle) / kUnit));
  EXPECT_LE(most - idle, kMost);
}

TEST_F(GatewayAndSandboxTest, OfALargeFileThatIsNotWholeNothingIsStored) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_OK(Create(NewIncident("broken")));
  v1::AttachFileHeader header;
  header.set_record_sys_id(SysId("broken"));
  header.set_file_name("broken.txt");
  header.set_size_bytes(2 * kMiB);
  header.set_sha256(Sha256Hex("something else"));
  int sent = 0;
  const auto attached = rpc::WriteStream(
      *stub_, &Stub::AttachFile, {},
      std::function<absl::StatusOr<bool>(v1::AttachFileRequest&)>(
          [&](v1::AttachFileRequest& part) -> absl::StatusOr<bool> {
            if (sent == 0) {
              *part.mutable_header() = header;
            } else {
              part.set_chunk(std::string(kMiB / 8, 'x'));
            }
            return sent++ <= 16;
          }));
  EXPECT_THAT(attached, HasReason("CHECKSUM_MISMATCH"));
  v1::ListAttachmentsRequest list;
  list.set_record_sys_id(SysId("broken"));
  const auto listed = rpc::Call(*stub_, &Stub::ListAttachments, list);
  ASSERT_OK(listed);
  EXPECT_EQ(listed->attachments_size(), 0);
}

// One that gives up in the middle leaves nothing, and the place is free again.
TEST_F(GatewayAndSandboxTest, ACallerThatGivesUpLeavesNothing) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_OK(Create(NewIncident("given up")));
  v1::AttachFileHeader header;
  header.set_record_sys_id(SysId("given up"));
  header.set_file_name("given_up.txt");
  header.set_size_bytes(2 * kMiB);
  header.set_sha256(Sha256Hex("x"));
  for (int i = 0; i < 40; ++i) {
    int sent = 0;
    const auto attached = rpc::WriteStream(
        *stub_, &Stub::AttachFile, {},
        std::function<absl::StatusOr<bool>(v1::AttachFileRequest&)>(
            [&](v1::AttachFileRequest& part) -> absl::StatusOr<bool> {
              if (sent == 0) {
                *part.mutable_header() = header;
              } else {
                part.set_chunk(std::string(kMiB / 8, 'x'));
              }
              if (sent++ < 5) return true;
              return absl::CancelledError("enough");
            }));
    EXPECT_THAT(attached, StatusIs(absl::StatusCode::kCancelled));
  }
  ASSERT_OK(Attach(SysId("given up"), "whole.txt", std::string(2 * kMiB, 'y')));
  v1::ListAttachmentsRequest list;
  list.set_record_sys_id(SysId("given up"));
  const auto listed = rpc::Call(*stub_, &Stub::ListAttachments, list);
  ASSERT_OK(listed);
  ASSERT_EQ(listed->attachments_size(), 1);
  EXPECT_EQ(listed->attachments(0).file_name(), "whole.txt");
}

}  // namespace
}  // namespace opcon_snow
