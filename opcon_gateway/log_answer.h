#ifndef OPCON_SNOW_OPCON_GATEWAY_LOG_ANSWER_H_
#define OPCON_SNOW_OPCON_GATEWAY_LOG_ANSWER_H_

// The answer to a request for a log file, read as it arrives: OpCon puts the
// whole file into one JSON string,
//
//   {"id":56,"result":"success","jobInstanceActionItems":
//       [{"id":49895,"result":"success","message":null,"data":"<the file>"}]}
//
// The text of `data` is handed on; the rest, which is small, is kept.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "opcon/v1/job_action.pb.h"
#include "opcon/v1/opcon_gateway.pb.h"
#include "opcon_gateway/json_text.h"

namespace opcon_snow::opcon {

// The agent's path and its last part, whichever system it is from.
::opcon::v1::JobLogFile LogFileOf(absl::string_view path);

// How far an action on the logs of one run is.
struct LogAction {
  std::int64_t id = 0;
  ::opcon::v1::ActionState state = ::opcon::v1::ACTION_STATE_SUBMITTED;
  // OpCon's words, unchanged.
  std::string message;
  // What LIST found.
  std::vector<::opcon::v1::JobLogFile> files;
};
LogAction ParseLogAction(const nlohmann::json& value, std::int32_t job_number);

class LogAnswerReader {
 public:
  // Takes the next bytes of the answer and puts the part of the log that they
  // hold at the end of `text`. INVALID_ARGUMENT, quoting nothing, as soon as it
  // cannot be such an answer; then nothing more may be given.
  absl::Status Take(absl::string_view bytes, std::string* text);

  // After the last byte: the answer with an empty text in the place of the
  // log's. INVALID_ARGUMENT if it is no JSON.
  absl::StatusOr<nlohmann::json> Finish() const;

  // Whether `data` was a text, if only an empty one.
  bool has_text() const { return has_text_; }

 private:
  // Takes one byte outside of the log's text.
  absl::Status TakeByte(char c);
  void TakeInString(char c);
  bool AtLogText() const;

  JsonTextDecoder decoder_;
  // Everything but the log's text.
  std::string rest_;
  bool in_text_ = false;
  bool has_text_ = false;

  bool in_string_ = false;
  bool escaped_ = false;
  // The string that was read last, and the one before a colon.
  std::string last_string_;
  bool after_colon_ = false;
  // '{' and '[' that are open.
  std::string open_;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_LOG_ANSWER_H_
