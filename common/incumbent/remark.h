#ifndef OPCON_SNOW_COMMON_INCUMBENT_REMARK_H_
#define OPCON_SNOW_COMMON_INCUMBENT_REMARK_H_

// What is to be said about a file of the incumbent connector, each with its
// place.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace opcon_snow::incumbent {

struct Place {
  int line = 0;    // from 1; 0 if it concerns the whole file
  int column = 0;  // from 1
};

enum class Severity {
  kNote,     // what something became
  kWarning,  // taken over, but perhaps not as meant
  kError,    // the file cannot be used
};

struct Remark {
  Severity severity = Severity::kNote;
  Place place;
  std::string field;    // "rules.includeTagRouting"; empty: the file as a whole
  std::string message;  // what is wrong, or what became of it
  std::string mend;     // what to do about it; empty if nothing needs doing
};

// The remarks on one file. Not thread-safe.
class Remarks {
 public:
  // Beyond this many the rest is dropped: the first ones tell what is wrong.
  static constexpr std::size_t kMax = 500;

  void Note(Place place, std::string field, std::string message) {
    Add({Severity::kNote, place, std::move(field), std::move(message), ""});
  }
  void Warn(Place place, std::string field, std::string message,
            std::string mend) {
    Add({Severity::kWarning, place, std::move(field), std::move(message),
         std::move(mend)});
  }
  void Error(Place place, std::string field, std::string message,
             std::string mend) {
    Add({Severity::kError, place, std::move(field), std::move(message),
         std::move(mend)});
  }

  const std::vector<Remark>& all() const { return remarks_; }
  bool has_error() const {
    return std::any_of(remarks_.begin(), remarks_.end(), [](const Remark& r) {
      return r.severity == Severity::kError;
    });
  }

 private:
  void Add(Remark remark) {
    if (remarks_.size() < kMax) remarks_.push_back(std::move(remark));
  }

  std::vector<Remark> remarks_;
};

}  // namespace opcon_snow::incumbent

#endif  // OPCON_SNOW_COMMON_INCUMBENT_REMARK_H_
