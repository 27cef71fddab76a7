#ifndef OPCON_SNOW_TESTS_INCUMBENT_SENT_REQUESTS_H_
#define OPCON_SNOW_TESTS_INCUMBENT_SENT_REQUESTS_H_

// What the gateways have sent for each of many jobs that are dealt with at the
// same time, taken out of the sandboxes' request logs.

#include <string>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"

namespace opcon_snow::incumbent {

// What tells a job's requests from others and has no meaning of its own, such
// as a sys_id: the text, and what is written in its place. Of two of which one
// is part of the other, the longer comes first.
using Names = std::vector<std::pair<std::string, std::string>>;

// The text with every name, as it is or percent-encoded, replaced.
std::string Replaced(std::string text, const Names& names);

// The requests of one upstream by one gateway, in the order in which they were
// sent.
class SentRequests {
 public:
  // `requests` is a sandbox's log; those of other programs than `user_agent`
  // are left out.
  SentRequests(const nlohmann::json& requests, const std::string& user_agent);

  // The requests in which one of the names occurs and that have not been taken.
  std::vector<nlohmann::json> Find(const Names& names) const;

  // Takes out the requests in which one of the names occurs, each as
  //
  //   METHOD /path?query
  //   name: value            headers, without those of the connection
  //
  //   body                   JSON with its keys in order
  //
  // with every name replaced. `only_writes`: those that change something, the
  // tickets' before the documentation's, whose order is nobody's.
  std::string TakeOf(const Names& names, bool only_writes);

  // Those that were nobody's, as they are; empty if each has been taken.
  std::string Left(bool only_writes) const;

 private:
  struct Sent {
    nlohmann::json request;
    // Everything of it, percent-decoded, to find names in.
    std::string text;
    bool taken = false;
  };
  std::vector<Sent> sent_;
};

}  // namespace opcon_snow::incumbent

#endif  // OPCON_SNOW_TESTS_INCUMBENT_SENT_REQUESTS_H_
