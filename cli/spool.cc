#include "cli/spool.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "cli/json.h"
#include "cli/version.h"
#include "google/protobuf/util/json_util.h"

namespace opcon_snow::cli {
namespace {

// A request is at most 1 MiB; JSON may need six bytes for one.
constexpr std::size_t kMaxFileBytes = std::size_t{8} << 20;
constexpr std::size_t kMaxReasonBytes = std::size_t{64} << 10;
constexpr absl::string_view kEntrySuffix = ".json";
constexpr absl::string_view kReasonSuffix = ".txt";
constexpr absl::string_view kTemporarySuffix = ".tmp";
constexpr absl::string_view kLockName = "drain.lock";
constexpr absl::string_view kFormatMember = "\"spoolFormat\"";
constexpr absl::string_view kTraceMember = "\"traceparent\"";
constexpr absl::string_view kColon = ":";
constexpr absl::string_view kQuote = "\"";
// Longer than any write takes.
constexpr absl::Duration kAbandonedAfter = absl::Minutes(10);

std::string WithoutSuffix(absl::string_view name) {
  return std::string(absl::StripSuffix(name, kEntrySuffix));
}

absl::Status OkIfMissing(absl::Status status) {
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

bool IsEntry(absl::string_view name) {
  return absl::EndsWith(name, kEntrySuffix);
}

bool IsTemporary(absl::string_view name) {
  return absl::EndsWith(name, kTemporarySuffix);
}

// The text of an entry. The format stands first, so that it can be found
// whatever the rest may be.
std::string ToText(const Spool::Request& request,
                   const std::string& traceparent) {
  std::string json = ToJson(request);
  absl::string_view members = json;
  if (!absl::ConsumePrefix(&members, "{")) return json;
  return absl::StrCat(
      "{\n ", kFormatMember, ": ", Spool::kFormat, ",",
      traceparent.empty()
          ? ""
          : absl::StrCat("\n ", kTraceMember, ": \"", traceparent, "\","),
      members);
}

// The format that an entry says it has; 1 if it says nothing.
std::int64_t FormatOf(absl::string_view text) {
  const auto take = [&text](absl::string_view token) {
    text = absl::StripLeadingAsciiWhitespace(text);
    return absl::ConsumePrefix(&text, token);
  };
  if (!take("{") || !take(kFormatMember) || !take(":")) return 1;
  text = absl::StripLeadingAsciiWhitespace(text);
  const std::size_t end = text.find_first_not_of("0123456789");
  std::int64_t format = 0;
  if (absl::SimpleAtoi(text.substr(0, end), &format)) return format;
  // A number that is no number of ours, or is longer than any.
  return end == 0 ? 1 : std::numeric_limits<std::int64_t>::max();
}

// What stands behind the format, as it was written.
std::string TraceParentOf(absl::string_view text) {
  const std::size_t comma = text.find(',');
  if (FormatOf(text) != Spool::kFormat || comma == absl::string_view::npos)
    return "";
  text = absl::StripLeadingAsciiWhitespace(text.substr(comma + 1));
  for (const absl::string_view token : {kTraceMember, kColon, kQuote}) {
    if (!absl::ConsumePrefix(&text, token)) return "";
    text = absl::StripLeadingAsciiWhitespace(text);
  }
  return std::string(text.substr(0, text.find('"')));
}

absl::StatusOr<Spool::Request> Parse(const std::string& text,
                                     const std::string& path) {
  if (FormatOf(text) > Spool::kFormat) {
    return absl::UnimplementedError(absl::StrCat(
        path, " was written by a newer version of incidentctl, in a form that ",
        kVersion,
        " does not know; it is left as it is until that version or a "
        "later one runs here again"));
  }
  Spool::Request request;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto parsed = JsonStringToMessage(text, &request, options);
  if (!parsed.ok()) {
    return absl::DataLossError(
        absl::StrCat(path, " is not a report: ", parsed.ToString()));
  }
  if (request.request_id().empty() ||
      request.observation_case() == Spool::Request::OBSERVATION_NOT_SET) {
    return absl::DataLossError(absl::StrCat(path, " is not a whole report"));
  }
  return request;
}

// When the writer of a temporary file began, by its name.
absl::Time TimeOf(absl::string_view name) {
  std::int64_t milliseconds = 0;
  if (!absl::SimpleAtoi(name.substr(0, name.find('-')), &milliseconds)) {
    return absl::InfinitePast();
  }
  return absl::FromUnixMillis(milliseconds);
}

}  // namespace

Spool::Spool(Options options, Files* files)
    : options_(std::move(options)),
      refused_directory_(absl::StrCat(options_.directory, "/refused")),
      files_(files) {}

std::string Spool::EntryName(const Request& request, absl::Time now) {
  return absl::StrCat(absl::StrFormat("%018d", std::max<std::int64_t>(
                                                   absl::ToUnixMillis(now), 0)),
                      "-", request.request_id(), kEntrySuffix);
}

std::string Spool::PathOf(const std::string& name) const {
  return absl::StrCat(options_.directory, "/", name);
}

std::string Spool::RefusedPath(const std::string& name) const {
  return absl::StrCat(refused_directory_, "/", name);
}

std::string Spool::ReasonPath(const std::string& name) const {
  return absl::StrCat(refused_directory_, "/", WithoutSuffix(name),
                      kReasonSuffix);
}

absl::Status Spool::CheckRoom(const std::string& directory) {
  std::int64_t entries = 0;
  absl::Status counted =
      files_->ForEachName(directory, [&](const std::string& name) {
        if (IsEntry(name) || IsTemporary(name)) ++entries;
        return entries < options_.max_entries;
      });
  if (!counted.ok()) return counted;
  if (entries < options_.max_entries) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      directory, " holds ", entries,
      " reports, which is as many as spool.max_entries allows; make the "
      "service reachable and run \"incidentctl spool flush\""));
}

absl::Status Spool::Write(const Request& request, const std::string& name,
                          const std::string& directory) {
  // The temporary file lies in the spool itself, where Recover() looks.
  const std::string temporary =
      PathOf(absl::StrCat(WithoutSuffix(name), kTemporarySuffix));
  absl::Status status =
      files_->WriteDurably(temporary, ToText(request, options_.traceparent));
  if (!status.ok()) return status;
  status = files_->Rename(temporary, absl::StrCat(directory, "/", name));
  if (!status.ok()) {
    files_->Remove(temporary).IgnoreError();
    return status;
  }
  return files_->SyncDirectory(directory);
}

absl::Status Spool::Add(const Request& request, absl::Time now) {
  absl::Status status = files_->MakeDirectories(options_.directory);
  if (status.ok()) status = CheckRoom(options_.directory);
  if (!status.ok()) return status;
  return Write(request, EntryName(request, now), options_.directory);
}

absl::Status Spool::AddRefused(const Request& request, absl::Time now,
                               absl::string_view reason) {
  const std::string name = EntryName(request, now);
  absl::Status status = WriteReason(name, reason);
  if (!status.ok()) return status;
  return Write(request, name, refused_directory_);
}

absl::Status Spool::WriteReason(const std::string& name,
                                absl::string_view reason) {
  absl::Status status = files_->MakeDirectories(refused_directory_);
  if (status.ok()) status = CheckRoom(refused_directory_);
  if (!status.ok()) return status;
  // Left behind by somebody who was killed before the entry itself moved.
  status = OkIfMissing(files_->Remove(ReasonPath(name)));
  if (!status.ok()) return status;
  return files_->WriteDurably(ReasonPath(name), absl::StrCat(reason, "\n"));
}

bool Spool::HasEntries() {
  bool found = false;
  files_
      ->ForEachName(options_.directory,
                    [&found](const std::string& name) {
                      found = IsEntry(name) || IsTemporary(name);
                      return !found;
                    })
      .IgnoreError();
  return found;
}

absl::StatusOr<std::unique_ptr<FileLock>> Spool::Lock() {
  return files_->TryLock(PathOf(std::string(kLockName)));
}

absl::Status Spool::Recover(absl::Time now) {
  std::vector<std::string> names;
  absl::Status status =
      files_->ForEachName(options_.directory, [&](const std::string& name) {
        if (IsTemporary(name) && TimeOf(name) + kAbandonedAfter < now) {
          names.push_back(name);
        }
        return true;
      });
  for (const std::string& name : names) status.Update(RecoverFile(name));
  return status;
}

absl::Status Spool::RecoverFile(const std::string& name) {
  const absl::StatusOr<Request> request = ReadFile(PathOf(name));
  if (absl::IsUnimplemented(request.status())) return absl::OkStatus();
  if (absl::IsDataLoss(request.status())) return files_->Remove(PathOf(name));
  if (!request.ok()) return request.status();
  const absl::string_view stem = absl::StripSuffix(name, kTemporarySuffix);
  return files_->Rename(PathOf(name), PathOf(absl::StrCat(stem, kEntrySuffix)));
}

absl::StatusOr<std::vector<std::string>> Spool::Entries(
    const std::string& directory) {
  std::vector<std::string> names;
  const absl::Status status =
      files_->ForEachName(directory, [&names](const std::string& name) {
        if (IsEntry(name)) names.push_back(name);
        return true;
      });
  if (!OkIfMissing(status).ok()) return status;
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<std::vector<std::string>> Spool::Waiting() {
  return Entries(options_.directory);
}

absl::StatusOr<std::vector<std::string>> Spool::Refused() {
  return Entries(refused_directory_);
}

absl::StatusOr<Spool::Request> Spool::ReadFile(const std::string& path,
                                               std::string* traceparent) {
  absl::StatusOr<std::string> text = files_->Read(path, kMaxFileBytes);
  if (absl::IsInvalidArgument(text.status())) {
    return absl::DataLossError(text.status().message());
  }
  if (!text.ok()) return text.status();
  if (traceparent != nullptr) *traceparent = TraceParentOf(*text);
  return Parse(*text, path);
}

absl::StatusOr<Spool::Request> Spool::Read(const std::string& name,
                                           std::string* traceparent) {
  return ReadFile(PathOf(name), traceparent);
}

absl::StatusOr<Spool::Request> Spool::ReadRefused(const std::string& name) {
  return ReadFile(RefusedPath(name));
}

std::string Spool::ReadReason(const std::string& name) {
  const absl::StatusOr<std::string> text =
      files_->Read(ReasonPath(name), kMaxReasonBytes);
  return text.ok() ? std::string(absl::StripSuffix(*text, "\n")) : "";
}

absl::Status Spool::Remove(const std::string& name) {
  return OkIfMissing(files_->Remove(PathOf(name)));
}

absl::Status Spool::Refuse(const std::string& name, absl::string_view reason) {
  absl::Status status = WriteReason(name, reason);
  if (!status.ok()) return status;
  return files_->Rename(PathOf(name), RefusedPath(name));
}

absl::Status Spool::Readmit(const std::string& name) {
  absl::Status status = files_->Rename(RefusedPath(name), PathOf(name));
  if (!status.ok()) return status;
  return OkIfMissing(files_->Remove(ReasonPath(name)));
}

}  // namespace opcon_snow::cli
