// Job names and texts made of what queries, JSON and addresses are made of:
// stored and read back unchanged, and no query returns what was not asked for.

#include <atomic>
#include <cstdio>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/call.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/harness/soak.h"
#include "tests/snow_gateway/gateway_and_sandbox.h"

namespace opcon_snow {
namespace {

namespace v1 = ::servicenow::v1;

// Each incident has four of them, all different: in its key, its two texts, and
// the notes on how it was closed.
constexpr int kTexts = 4;
constexpr int kFewIncidents = 2'500;
constexpr int kManyIncidents = 10'000;
constexpr int kThreads = 4;
constexpr int kBatch = 100;
constexpr std::size_t kMaxCorrelation = 100;

const std::vector<std::string>& Pieces() {
  static const auto* const pieces =
      new std::vector<std::string>{"^",
                                   "^OR",
                                   "^NQ",
                                   "^EQ",
                                   "ORDERBY",
                                   "=",
                                   "!=",
                                   ">=",
                                   "<",
                                   "LIKE",
                                   "IN",
                                   "ISEMPTY",
                                   "@",
                                   ",",
                                   "&",
                                   "?",
                                   "#",
                                   "%",
                                   "%5E",
                                   "%26",
                                   "%00",
                                   "+",
                                   " ",
                                   "\"",
                                   "'",
                                   "\\",
                                   "\\u0041",
                                   "/",
                                   "..",
                                   ";",
                                   "|",
                                   "${x}",
                                   "{{x}}",
                                   "<b>",
                                   "]]>",
                                   "&lt;",
                                   "$0001",
                                   "[Sub]",
                                   "[[$NAME]]",
                                   "null",
                                   "true",
                                   "0",
                                   "ä",
                                   "€",
                                   "日本",
                                   "\u202e",
                                   "\U0001F600",
                                   "e\u0301",
                                   "sysparm_limit=1",
                                   "javascript:gs.getUserID()",
                                   "--",
                                   "';DROP TABLE x;--",
                                   "correlation_id=",
                                   "sys_idISNOTEMPTY",
                                   "SAMEAS",
                                   "BETWEEN",
                                   "JOB",
                                   "a",
                                   "Z",
                                   "_"};
  return *pieces;
}

struct Hostile {
  std::string sys_id;
  std::string marker;
  // The key that it is looked up by.
  std::string correlation_id;
  std::string short_description;
  std::string description;
  std::string close_notes;
};

// What the query language cannot carry.
bool IsRefused(const std::string& value) {
  return absl::StrContains(value, '^') ||
         absl::StartsWithIgnoreCase(absl::StripLeadingAsciiWhitespace(value),
                                    "javascript:");
}

std::string Shortened(std::string text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  // Not in the middle of a character.
  while (bytes > 0 &&
         (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) {
    --bytes;
  }
  text.resize(bytes);
  return text;
}

std::string HostileText(std::mt19937_64& random) {
  std::string text;
  const auto count = 1 + random() % 8;
  for (std::uint64_t i = 0; i < count; ++i) {
    text += Pieces()[random() % Pieces().size()];
  }
  return text;
}

Hostile MakeHostile(std::uint64_t n) {
  std::mt19937_64 random(n);
  Hostile hostile;
  hostile.sys_id = SysId(absl::StrCat("hostile ", n));
  hostile.marker = absl::StrCat("[failure ", n, "-x]");
  // The name first, so that nothing of ours shields it; a number after it, so
  // that no two are equal. Blanks at the end of a text are the database's.
  hostile.correlation_id =
      Shortened(HostileText(random), kMaxCorrelation - 10) +
      absl::StrCat("#", n);
  hostile.short_description =
      Shortened(HostileText(random), 150) + absl::StrCat("#", n);
  hostile.description = absl::StrCat(HostileText(random), "\n", n, "\t\r\n",
                                     HostileText(random), hostile.marker);
  hostile.close_notes = absl::StrCat(HostileText(random), "#", n);
  return hostile;
}

class HostileNamesTest : public GatewayAndSandboxTest {
 protected:
  // `work` for 0 to count - 1, on several threads.
  static void InParallel(int count, const std::function<void(int)>& work) {
    std::atomic<int> next = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int n = next++; n < count; n = next++) work(n);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  static v1::CreateIncidentRequest RequestOf(const Hostile& hostile) {
    v1::CreateIncidentRequest request;
    v1::Incident& incident = *request.mutable_incident();
    incident.set_sys_id(hostile.sys_id);
    incident.set_short_description(hostile.short_description);
    incident.set_description(hostile.description);
    incident.set_correlation_id(hostile.correlation_id);
    incident.set_close_notes(hostile.close_notes);
    incident.set_correlation_display("HOSTILE");
    request.set_marker(hostile.marker);
    return request;
  }

  // Creates it; where the key cannot be looked up, under a key that can.
  static void CreateOne(Stub& stub, Hostile* hostile) {
    SCOPED_TRACE(hostile->correlation_id);
    v1::CreateIncidentRequest request = RequestOf(*hostile);
    auto reply = rpc::Call(stub, &Stub::CreateIncident, request);
    if (IsRefused(hostile->correlation_id)) {
      EXPECT_THAT(reply, HasReason("INVALID_REQUEST"));
      hostile->correlation_id =
          absl::StrCat("opcon:9010,#", hostile->sys_id.substr(0, 8));
      request = RequestOf(*hostile);
      reply = rpc::Call(stub, &Stub::CreateIncident, request);
    }
    ASSERT_OK(reply);
    EXPECT_TRUE(reply->created());
    EXPECT_THAT(reply->warnings(), ::testing::IsEmpty());
  }

  // Twice; it is there once.
  static void AddNote(Stub& stub, const std::string& text,
                      const std::string& marker) {
    v1::UpdateIncidentRequest update;
    update.mutable_incident()->set_sys_id(SysId("subject"));
    v1::NewJournalEntry& entry = *update.mutable_journal_entry();
    entry.set_column(v1::JOURNAL_COLUMN_WORK_NOTES);
    entry.set_marker(marker);
    entry.set_text(text);
    for (const bool first : {true, false}) {
      const auto updated = rpc::Call(stub, &Stub::UpdateIncident, update);
      ASSERT_OK(updated);
      EXPECT_EQ(updated->journal_entry_added(), first);
    }
  }

  static void ExpectEqual(const v1::Incident& incident,
                          const Hostile& hostile) {
    EXPECT_EQ(incident.short_description(), hostile.short_description);
    EXPECT_EQ(incident.description(), hostile.description);
    EXPECT_EQ(incident.close_notes(), hostile.close_notes);
    EXPECT_EQ(incident.correlation_id(), hostile.correlation_id);
  }
};

TEST_F(HostileNamesTest, AreStoredAndFoundAsWhatTheyAre) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  ASSERT_NO_FATAL_FAILURE(StartGateway(kOAuth));
  const int count = harness::CaseCount(kFewIncidents, kManyIncidents);
  std::vector<Hostile> all;
  std::map<std::string, const Hostile*> by_sys_id;
  for (int n = 0; n < count; ++n) {
    all.push_back(
        MakeHostile(harness::FirstSeed() + static_cast<std::uint64_t>(n)));
  }
  const absl::Time begin = absl::Now();
  InParallel(count, [&](int n) { CreateOne(*stub_, &all[n]); });
  const absl::Time created = absl::Now();
  for (const Hostile& hostile : all) by_sys_id[hostile.sys_id] = &hostile;

  // All of them, read back.
  std::atomic<int> read = 0;
  InParallel(count / kBatch, [&](int batch) {
    v1::ListIncidentsRequest list;
    for (int i = 0; i < kBatch; ++i) {
      list.add_sys_ids(all[batch * kBatch + i].sys_id);
    }
    list.set_page_size(kBatch);
    const auto page = rpc::Call(*stub_, &Stub::ListIncidents, list);
    ASSERT_OK(page);
    EXPECT_EQ(page->incidents_size(), kBatch);
    for (const v1::Incident& incident : page->incidents()) {
      const auto found = by_sys_id.find(incident.sys_id());
      ASSERT_NE(found, by_sys_id.end());
      ExpectEqual(incident, *found->second);
      ++read;
    }
  });
  EXPECT_EQ(read, count);

  // Each, by its key and nothing else.
  InParallel(count, [&](int n) {
    const Hostile& hostile = all[n];
    SCOPED_TRACE(hostile.correlation_id);
    v1::ListIncidentsRequest list;
    list.set_correlation_id(hostile.correlation_id);
    const auto page = rpc::Call(*stub_, &Stub::ListIncidents, list);
    ASSERT_OK(page);
    ASSERT_EQ(page->incidents_size(), 1);
    EXPECT_EQ(page->incidents(0).sys_id(), hostile.sys_id);
  });
  std::printf(
      "%d names and texts: stored in %.1f s, read back and looked up in "
      "%.1f s\n",
      count * kTexts, absl::ToDoubleSeconds(created - begin),
      absl::ToDoubleSeconds(absl::Now() - created));
}

// What is looked up in other tables, in lists, and as texts of journals.
TEST_F(HostileNamesTest, AreNoSyntaxElsewhere) {
  constexpr int kCount = 200;
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  ASSERT_NO_FATAL_FAILURE(StartGateway(kOAuth));
  ASSERT_OK(Create(NewIncident("subject")));
  InParallel(kCount, [&](int n) {
    std::mt19937_64 random(static_cast<std::uint64_t>(n));
    const std::string name = HostileText(random);
    SCOPED_TRACE(name);
    v1::LookupRecordsRequest lookup;
    lookup.set_table("sys_user_group");
    v1::Condition& condition = *lookup.add_conditions();
    condition.set_column("name");
    condition.add_values(name);
    if (n % 2 == 0) condition.add_values("nothing of this name");
    const auto found = rpc::Call(*stub_, &Stub::LookupRecords, lookup);
    if (found.ok()) {
      EXPECT_FALSE(n % 2 == 0 && absl::StrContains(name, ','));
      EXPECT_EQ(found->records_size(), 0);
    } else {
      EXPECT_THAT(found, HasReason("INVALID_REQUEST"));
      EXPECT_TRUE(absl::StrContains(name, ',') ||
                  absl::StrContains(name, "^") ||
                  absl::StrContains(name, "javascript:"));
    }
    AddNote(*stub_, absl::StrCat(name, "[note ", n, "-x]"),
            absl::StrCat("[note ", n, "-x]"));
  });
  std::map<std::string, int> texts;
  v1::ListJournalEntriesRequest journal;
  journal.set_incident_sys_id(SysId("subject"));
  journal.set_page_size(1000);
  const auto entries = rpc::Call(*stub_, &Stub::ListJournalEntries, journal);
  ASSERT_OK(entries);
  for (const v1::JournalEntry& entry : entries->entries())
    ++texts[entry.text()];
  for (int n = 0; n < kCount; ++n) {
    std::mt19937_64 random(static_cast<std::uint64_t>(n));
    const std::string text =
        absl::StrCat(HostileText(random), "[note ", n, "-x]");
    EXPECT_EQ(texts[text], 1) << text;
  }
}

}  // namespace
}  // namespace opcon_snow
