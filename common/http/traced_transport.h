#ifndef OPCON_SNOW_COMMON_HTTP_TRACED_TRANSPORT_H_
#define OPCON_SNOW_COMMON_HTTP_TRACED_TRANSPORT_H_

// A transport that tells a span for each request. A request that is made for
// nobody in particular, such as a login that many calls wait for, is a trace of
// its own. The upstream is told nothing: it did not ask for headers of ours.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/async/task.h"
#include "common/http/transport.h"

namespace opcon_snow::http {

// The path of `url` without what names a record: segments that are none of
// `words` become "{}". "https://host/api/dailyjobs/20260105%7C1?x=y" with
// {"api", "dailyjobs"} gives "/api/dailyjobs/{}".
std::string PathTemplate(absl::string_view url,
                         const std::vector<absl::string_view>& words);

class TracedTransport final : public Transport {
 public:
  // `words` are the constants in the upstream's paths, and outlive the
  // transport.
  TracedTransport(std::shared_ptr<Transport> inner,
                  std::vector<absl::string_view> words);

  async::Task<Result> Send(Request request) override;

 private:
  const std::shared_ptr<Transport> inner_;
  const std::vector<absl::string_view> words_;
};

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_TRACED_TRANSPORT_H_
