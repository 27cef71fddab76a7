#ifndef OPCON_SNOW_CLI_SPOOL_H_
#define OPCON_SNOW_CLI_SPOOL_H_

// Reports that wait on this machine, because the service could not be reached
// or did not take them.
//
//   DIRECTORY/000001767623400123-REQUEST_ID.json          waits
//   DIRECTORY/refused/000001767623400123-REQUEST_ID.json  refused for good,
//   DIRECTORY/refused/000001767623400123-REQUEST_ID.txt   and why
//   DIRECTORY/….tmp                                       being written
//   DIRECTORY/drain.lock                                  held while delivering
//
// One file is one report: the protobuf JSON of its ReportJobEventRequest, so
// that a person can read it when nothing else works, with the version of the
// spool's format as its first member, "spoolFormat", and, if the program was
// started as a part of a trace, that as its second, "traceparent". Versions 0.1
// and 0.2 wrote no such members: format 1. Members that this version does not
// know are ignored; a change that must not be ignored comes with another
// format, and files of a format that this version does not know are left alone.
// Names begin with the time in milliseconds and sort by it.
//
// Any number of processes may write at once. A file appears under its name
// only when all of it is on the disk. Delivering and then removing is safe
// against being killed in between, because the service knows the request_id.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cli/files.h"
#include "incident/v1/incident_service.pb.h"

namespace opcon_snow::cli {

class Spool {
 public:
  using Request = ::incident::v1::ReportJobEventRequest;

  // The format that is written; it and those before it are read.
  static constexpr int kFormat = 2;

  struct Options {
    std::string directory;
    // Waiting and refused entries are counted each for itself, what killed
    // writers left among them. With several writers at once it may be exceeded
    // by their number.
    std::int64_t max_entries = 100'000;
    // Kept with each report; see trace_metadata.h. Empty for none.
    std::string traceparent{};
  };

  // `files` must outlive the spool.
  Spool(Options options, Files* files);

  // Keeps a report. OK: it survives a power failure. RESOURCE_EXHAUSTED if the
  // spool or the disk is full. `now` becomes a part of the name.
  absl::Status Add(const Request& request, absl::Time now);

  // Keeps a report that the service has refused, for a person.
  absl::Status AddRefused(const Request& request, absl::Time now,
                          absl::string_view reason);

  // Quick: whether anything waits. False if there is no spool yet.
  bool HasEntries();

  // For delivering; null if another process holds it.
  absl::StatusOr<std::unique_ptr<FileLock>> Lock();

  // Completes what writers that were killed left behind: a file that is whole
  // becomes an entry, another one is removed. Call it with the lock. Files of
  // the last ten minutes are left to their writers, those of a newer format to
  // newer versions.
  absl::Status Recover(absl::Time now);

  // Names of entries, oldest first. Empty if there is no spool yet.
  absl::StatusOr<std::vector<std::string>> Waiting();
  absl::StatusOr<std::vector<std::string>> Refused();

  // DATA_LOSS if the file is not what it should be; UNIMPLEMENTED if it has a
  // format that a newer version of incidentctl wrote. `traceparent` gets what
  // was kept with it, if it is not null.
  absl::StatusOr<Request> Read(const std::string& name,
                               std::string* traceparent = nullptr);
  absl::StatusOr<Request> ReadRefused(const std::string& name);
  // Empty if there is none.
  std::string ReadReason(const std::string& name);

  // Of a waiting entry that was delivered. OK if it is gone already.
  absl::Status Remove(const std::string& name);
  // Moves a waiting entry to the refused ones.
  absl::Status Refuse(const std::string& name, absl::string_view reason);
  // Moves a refused entry back, even one that cannot be read.
  absl::Status Readmit(const std::string& name);

  const std::string& directory() const { return options_.directory; }
  // The path of a waiting entry, for messages.
  std::string PathOf(const std::string& name) const;

  // The name that a report gets.
  static std::string EntryName(const Request& request, absl::Time now);

 private:
  std::string RefusedPath(const std::string& name) const;
  std::string ReasonPath(const std::string& name) const;
  absl::StatusOr<Request> ReadFile(const std::string& path,
                                   std::string* traceparent = nullptr);
  absl::StatusOr<std::vector<std::string>> Entries(
      const std::string& directory);
  absl::Status CheckRoom(const std::string& directory);
  absl::Status Write(const Request& request, const std::string& name,
                     const std::string& directory);
  absl::Status WriteReason(const std::string& name, absl::string_view reason);
  absl::Status RecoverFile(const std::string& name);

  Options options_;
  std::string refused_directory_;
  Files* files_;
};

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_SPOOL_H_
