#ifndef OPCON_SNOW_COMMON_CONFIG_SECRET_H_
#define OPCON_SNOW_COMMON_CONFIG_SECRET_H_

// A value that never prints itself: no operator<<, no conversion to string, no
// log field. Portable.

#include <string>
#include <utility>

namespace opcon_snow::config {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  // The memory is overwritten when it dies or is assigned to.
  ~Secret();
  Secret(const Secret& other) = default;
  Secret& operator=(const Secret& other);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;

  // The value, for the one place that sends it. Do not keep copies.
  const std::string& Reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

  // In constant time, so that how long it takes tells nothing.
  bool Equals(const Secret& other) const;

 private:
  void Wipe();

  std::string value_;
};

}  // namespace opcon_snow::config

#endif  // OPCON_SNOW_COMMON_CONFIG_SECRET_H_
