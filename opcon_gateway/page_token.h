#ifndef OPCON_SNOW_OPCON_GATEWAY_PAGE_TOKEN_H_
#define OPCON_SNOW_OPCON_GATEWAY_PAGE_TOKEN_H_

// Where the next page of a list begins: after which key, and for which filters.

#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace opcon_snow::opcon {

// Opaque to callers; fit for a URL. `filters`: any text that differs where the
// filters do.
std::string MakePageToken(absl::string_view filters,
                          absl::string_view last_key);

// The key; "" for an empty token, nothing if the token was not made by
// MakePageToken for the same filters.
std::optional<std::string> ReadPageToken(absl::string_view token,
                                         absl::string_view filters);

// What a request's page_size means: 0 is `usual`, more than `most` is `most`.
std::size_t PageSizeOf(int asked, int usual, int most = 1000);

// Picks, out of elements that come in any order, the page that follows `after`
// in the order of their keys. Holds no more than the page. An element whose key
// came before takes the place of the first: lists shift while they are read.
template <class Element>
class PagePicker {
 public:
  PagePicker(std::string after, std::size_t size)
      : after_(std::move(after)), size_(size) {}

  void Add(const std::string& key, Element element) {
    if (!after_.empty() && key <= after_) return;
    picked_.insert_or_assign(key, std::move(element));
    if (picked_.size() <= size_) return;
    picked_.erase(std::prev(picked_.end()));
    more_ = true;
  }

  // Whether something follows the page.
  bool more() const { return more_; }
  // Only if not empty.
  const std::string& last_key() const { return picked_.rbegin()->first; }
  std::map<std::string, Element>& picked() { return picked_; }

 private:
  const std::string after_;
  const std::size_t size_;
  std::map<std::string, Element> picked_;
  bool more_ = false;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_PAGE_TOKEN_H_
