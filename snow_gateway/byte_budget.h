#ifndef OPCON_SNOW_SNOW_GATEWAY_BYTE_BUDGET_H_
#define OPCON_SNOW_SNOW_GATEWAY_BYTE_BUDGET_H_

// A bound on memory that several calls share. Confined to one thread.

#include <cstdint>
#include <memory>
#include <utility>

namespace opcon_snow::snow {

class ByteBudget {
 public:
  // Gives its bytes back when it dies; may outlive the budget.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept
        : left_(std::move(other.left_)),
          bytes_(std::exchange(other.bytes_, 0)) {}
    Share& operator=(Share&& other) noexcept {
      if (this == &other) return *this;
      GiveBack();
      left_ = std::move(other.left_);
      bytes_ = std::exchange(other.bytes_, 0);
      return *this;
    }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() { GiveBack(); }

    // False: there is nothing in it, because the budget was used up.
    bool ok() const { return left_ != nullptr; }

   private:
    friend class ByteBudget;
    Share(std::shared_ptr<std::int64_t> left, std::int64_t bytes)
        : left_(std::move(left)), bytes_(bytes) {}
    void GiveBack() {
      if (left_ != nullptr) *left_ += bytes_;
      left_ = nullptr;
    }

    std::shared_ptr<std::int64_t> left_;
    std::int64_t bytes_ = 0;
  };

  explicit ByteBudget(std::int64_t bytes)
      : left_(std::make_shared<std::int64_t>(bytes)) {}

  Share Take(std::int64_t bytes) {
    if (bytes > *left_) return Share();
    *left_ -= bytes;
    return Share(left_, bytes);
  }

 private:
  const std::shared_ptr<std::int64_t> left_;
};

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_BYTE_BUDGET_H_
