// What MemoryStore is asked for by people, and what it forgets.

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "incident_service/identity.h"
#include "incident_service/store/memory_store.h"
#include "incident_service/store/report_changes.h"
#include "incident_service/store/report_state.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

bool Fits(const ReportFilter& filter, const v1::Report& report) {
  const v1::JobKey& key = JobKeyOf(report);
  const auto fits = [](const std::string& wanted, const std::string& is) {
    return wanted.empty() || wanted == is;
  };
  return (filter.states.empty() ||
          std::find(filter.states.begin(), filter.states.end(),
                    report.state()) != filter.states.end()) &&
         (!filter.job_key.has_value() ||
          JobKeyText(key) == JobKeyText(*filter.job_key)) &&
         fits(filter.opcon, key.opcon()) &&
         fits(filter.job_name, key.job_name()) &&
         fits(filter.schedule_name, report.event().schedule_name()) &&
         fits(filter.schedule_date,
              report.has_rejected() ? "" : CompactDate(key.schedule_date())) &&
         fits(filter.request_id, report.request_id()) &&
         (!filter.created_since.has_value() ||
          ToTime(report.create_time()) >= *filter.created_since);
}

// Newest first, from after the number in `after`.
template <class Record, class Stamp>
Page<Record> Newest(std::vector<std::pair<Stamp, Record>> found,
                    absl::string_view after, int limit) {
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.first.second > b.first.second;
  });
  std::int64_t before = 0;
  const bool from_start = !absl::SimpleAtoi(after, &before);
  Page<Record> page;
  for (auto& [stamp, record] : found) {
    if (!from_start && stamp.second >= before) continue;
    if (page.records.size() == static_cast<std::size_t>(limit)) return page;
    page.records.push_back(std::move(record));
    page.next = absl::StrCat(stamp.second);
  }
  page.next.clear();
  return page;
}

}  // namespace

absl::StatusOr<ReportPage> MemoryStore::ListReports(const ReportFilter& filter,
                                                    absl::string_view before,
                                                    int limit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ReportPage page;
  for (auto entry = reports_.rbegin(); entry != reports_.rend(); ++entry) {
    const v1::Report& report = entry->second.stored.report;
    if (!before.empty() && report.report_id() >= before) continue;
    if (!Fits(filter, report)) continue;
    if (page.reports.size() == static_cast<std::size_t>(limit)) {
      page.next = page.reports.back().report_id();
      break;
    }
    page.reports.push_back(report);
  }
  return page;
}

absl::StatusOr<std::optional<v1::TicketLink>> MemoryStore::FindLink(
    const v1::JobKey& job_key, absl::string_view servicenow) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found =
      links_.find({JobKeyText(job_key), std::string(servicenow)});
  if (found == links_.end()) return std::nullopt;
  return found->second.record;
}

absl::StatusOr<Page<v1::TicketLink>> MemoryStore::ListLinks(
    const LinkFilter& filter, absl::string_view after, int limit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::pair<Stamp, v1::TicketLink>> found;
  for (const auto& [key, entry] : links_) {
    const v1::TicketLink& link = entry.record;
    const auto fits = [](const std::string& wanted, const std::string& is) {
      return wanted.empty() || wanted == is;
    };
    if ((!filter.job_key.has_value() ||
         JobKeyText(*filter.job_key) == key.first) &&
        fits(filter.opcon, link.job_key().opcon()) &&
        fits(filter.servicenow, key.second) &&
        fits(filter.ticket_number, link.ticket().number()) &&
        fits(filter.schedule_date,
             CompactDate(link.job_key().schedule_date()))) {
      found.emplace_back(entry.stamp, link);
    }
  }
  return Newest(std::move(found), after, limit);
}

absl::StatusOr<Page<v1::Failure>> MemoryStore::ListFailures(
    const std::optional<v1::JobKey>& job_key, absl::string_view after,
    int limit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::pair<Stamp, v1::Failure>> found;
  for (const auto& [id, entry] : failures_) {
    if (!job_key.has_value() ||
        JobKeyText(entry.record.job_key()) == JobKeyText(*job_key)) {
      found.emplace_back(entry.stamp, entry.record);
    }
  }
  return Newest(std::move(found), after, limit);
}

absl::StatusOr<Page<v1::AuditEntry>> MemoryStore::ListAudit(
    const AuditFilter& filter, absl::string_view after, int limit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::pair<Stamp, v1::AuditEntry>> found;
  for (const v1::AuditEntry& entry : audit_) {
    const absl::Time time = ToTime(entry.create_time());
    if ((filter.report_id.empty() || filter.report_id == entry.report_id()) &&
        (filter.target.empty() || filter.target == entry.target()) &&
        (!filter.created_since.has_value() || time >= *filter.created_since)) {
      found.emplace_back(Stamp{time, entry.audit_id()}, entry);
    }
  }
  return Newest(std::move(found), after, limit);
}

absl::StatusOr<std::int64_t> MemoryStore::LastChange() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<std::int64_t>(changes_.size());
}

absl::StatusOr<std::vector<ReportChange>> MemoryStore::ListChanges(
    std::int64_t after, int limit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto last = static_cast<std::int64_t>(changes_.size());
  if (after < 0 || after > last) return NoSuchChange(after, last);
  const auto begin = changes_.begin() + after;
  return std::vector<ReportChange>(
      begin, begin + std::min<std::int64_t>(limit, last - after));
}

absl::StatusOr<std::vector<ReportChange>> MemoryStore::ListOpen(
    std::int64_t after, std::int64_t upto, int limit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::map<std::string, std::int64_t> last;
  for (const ReportChange& change : changes_) {
    last[change.report.report_id()] = change.sequence;
  }
  std::vector<ReportChange> open;
  for (const ReportChange& change : changes_) {
    if (change.sequence > after && change.sequence <= upto &&
        last[change.report.report_id()] == change.sequence &&
        !HasEnded(change.report.state()) &&
        open.size() < static_cast<std::size_t>(limit)) {
      open.push_back(change);
    }
  }
  return open;
}

absl::StatusOr<int> MemoryStore::DeleteExpired(const Expiry& expiry) {
  const std::lock_guard<std::mutex> lock(mutex_);
  int deleted = 0;
  const auto erase = [&](auto* records, const auto& expired) {
    int left = expiry.limit;
    for (auto at = records->begin(); at != records->end() && left > 0;) {
      if (expired(*at)) {
        at = records->erase(at);
        ++deleted;
        --left;
      } else {
        ++at;
      }
    }
  };
  erase(&reports_, [&](const auto& entry) {
    const v1::Report& report = entry.second.stored.report;
    if (!report.has_end_time() ||
        ToTime(report.end_time()) >= expiry.reports_before) {
      return false;
    }
    requests_[report.request_id()].last_state = report.state();
    return true;
  });
  erase(&audit_, [&](const v1::AuditEntry& entry) {
    return ToTime(entry.create_time()) < expiry.reports_before &&
           reports_.count(entry.report_id()) == 0;
  });
  erase(&requests_, [&](const auto& entry) {
    return entry.second.time < expiry.keys_before &&
           reports_.count(entry.second.report_id) == 0;
  });
  erase(&silences_, [&](const auto& entry) {
    return ToTime(entry.second.silence.expire_time()) < expiry.keys_before;
  });
  erase(&links_, [&](const auto& entry) {
    return entry.second.stamp.first < expiry.keys_before &&
           std::none_of(reports_.begin(), reports_.end(),
                        [&](const auto& report) {
                          return report.second.job_key == entry.first.first;
                        });
  });
  erase(&failures_, [&](const auto& entry) {
    if (entry.second.stamp.first >= expiry.keys_before) return false;
    const auto first = owners_.lower_bound({entry.first, ""});
    auto last = first;
    while (last != owners_.end() && last->first.first == entry.first) {
      if (reports_.count(last->second) != 0) return false;
      ++last;
    }
    owners_.erase(first, last);
    return true;
  });
  return deleted;
}

}  // namespace opcon_snow::incident
