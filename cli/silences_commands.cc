#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands.h"
#include "cli/enum_text.h"
#include "cli/event_kind.h"
#include "cli/exit_code.h"
#include "cli/filters.h"
#include "cli/paging.h"
#include "cli/report_request.h"
#include "cli/table.h"
#include "incident/v1/operations.pb.h"

namespace opcon_snow::cli {
namespace {

namespace v1 = ::incident::v1;

// Before a regular expression.
constexpr char kRegexMark = '~';

struct TextMatcher {
  const char* option;
  v1::MatcherField field;
  const char* help;
};
constexpr std::array<TextMatcher, 6> kTextMatchers = {{
    {"--opcon", v1::MATCHER_FIELD_OPCON, "of this OpCon instance"},
    {"--schedule", v1::MATCHER_FIELD_SCHEDULE,
     "in this schedule, by its full daily name"},
    {"--job", v1::MATCHER_FIELD_JOB, "of this job, by its full daily name"},
    {"--machine", v1::MATCHER_FIELD_MACHINE, "that ran on this machine"},
    {"--tag", v1::MATCHER_FIELD_TAG, "of jobs with this tag"},
    {"--termination", v1::MATCHER_FIELD_TERMINATION,
     "that ended with this exit condition"},
}};

struct AddOptions {
  std::array<std::string, kTextMatchers.size()> texts;
  std::string kind;
  std::string from;
  std::string until;
  std::string reason;
};

struct ListOptions {
  bool all = false;
  std::int32_t limit = 50;
};

std::string MatcherText(const v1::Matcher& matcher) {
  const std::string name = EnumText(matcher.field());
  if (matcher.has_event_kind()) {
    return absl::StrCat(name, "=", EventKindName(matcher.event_kind()));
  }
  return matcher.has_regex() ? absl::StrCat(name, "~", matcher.regex())
                             : absl::StrCat(name, "=", matcher.equals());
}

std::string MatchersText(const v1::Silence& silence) {
  return absl::StrJoin(silence.matchers(), ", ",
                       [](std::string* out, const v1::Matcher& matcher) {
                         out->append(MatcherText(matcher));
                       });
}

void ShowSilence(CommandContext& context, const v1::Silence& silence) {
  context.console().Out(
      RenderFields({{"silence", silence.silence_id()},
                    {"about", MatchersText(silence)},
                    {"from", TimeText(silence.start_time())},
                    {"until", TimeText(silence.expire_time())},
                    {"reason", silence.reason()},
                    {"made by", silence.created_by()},
                    {"reports", absl::StrCat(silence.suppressed_count())}}));
}

int List(CommandContext& context, const ListOptions& options) {
  v1::ListSilencesRequest request;
  request.set_include_expired(options.all);
  const absl::StatusOr<v1::ListSilencesResponse> reply =
      CallForAllPages(context, &Stub::ListSilences, request, options.limit,
                      [](const auto& page) { return page.silences_size(); });
  if (!reply.ok()) return context.Fail(reply.status());
  if (context.json()) return context.PrintJson(*reply);
  Table table(
      {"SILENCE", "FROM", "UNTIL", "REPORTS", "MADE BY", "ABOUT", "REASON"});
  for (const v1::Silence& silence : reply->silences()) {
    table.Add({silence.silence_id(), TimeText(silence.start_time()),
               TimeText(silence.expire_time()),
               absl::StrCat(silence.suppressed_count()), silence.created_by(),
               MatchersText(silence), silence.reason()});
  }
  context.console().Out(table.Render(context.console().Width()));
  if (!reply->next_page_token().empty()) {
    context.console().Error("there are more; --limit 0 shows all");
  }
  return kExitOk;
}

// Fills the silence in; says what is wrong with the options, all of it.
bool FillIn(const CommandContext& context, const AddOptions& options,
            v1::Silence* silence) {
  std::vector<std::string> problems;
  for (std::size_t i = 0; i < kTextMatchers.size(); ++i) {
    const std::string& text = options.texts[i];
    if (text.empty()) continue;
    v1::Matcher* matcher = silence->add_matchers();
    matcher->set_field(kTextMatchers[i].field);
    if (text.front() == kRegexMark) {
      matcher->set_regex(text.substr(1));
    } else {
      matcher->set_equals(text);
    }
  }
  if (!options.kind.empty()) {
    const auto kind = ParseEventKind(options.kind);
    if (!kind) {
      problems.push_back(absl::StrCat("--kind \"", options.kind,
                                      "\" is none of ", EventKindNames()));
    }
    v1::Matcher* matcher = silence->add_matchers();
    matcher->set_field(v1::MATCHER_FIELD_EVENT_KIND);
    matcher->set_event_kind(kind.value_or(v1::EVENT_KIND_UNSPECIFIED));
  }
  if (silence->matchers().empty()) {
    problems.emplace_back(
        "say what the silence is about: --job, --schedule, --machine, --tag, "
        "--termination, --opcon or --kind");
  }
  const absl::Time now = context.environment().clock->Now();
  const auto set = [&](const char* option, const std::string& text,
                       google::protobuf::Timestamp* time) {
    const absl::Status status = SetFromNow(option, text, now, time);
    if (!status.ok()) problems.emplace_back(status.message());
  };
  if (!options.from.empty()) {
    set("--from", options.from, silence->mutable_start_time());
  }
  set("--until", options.until, silence->mutable_expire_time());
  silence->set_reason(options.reason);
  for (const std::string& problem : problems) {
    context.console().Error(problem);
  }
  return problems.empty();
}

int Add(CommandContext& context, const AddOptions& options) {
  v1::CreateSilenceRequest request;
  request.set_request_id(MakeUuid(context.environment().random()));
  if (!FillIn(context, options, request.mutable_silence())) return kExitUsage;
  const auto reply = context.Call(&Stub::CreateSilence, request);
  if (!reply.ok()) return context.Fail(reply.status());
  if (context.json()) return context.PrintJson(*reply);
  ShowSilence(context, reply->silence());
  return kExitOk;
}

int Expire(CommandContext& context, const std::string& silence_id) {
  v1::ExpireSilenceRequest request;
  request.set_silence_id(silence_id);
  const auto reply = context.Call(&Stub::ExpireSilence, request);
  if (!reply.ok()) return context.Fail(reply.status());
  if (context.json()) return context.PrintJson(*reply);
  ShowSilence(context, reply->silence());
  return kExitOk;
}

void DeclareAdd(CLI::App& silences, Action& action) {
  CLI::App* add = silences.add_subcommand(
      "add",
      "from now until a time, failures that fit open no ticket; all that is "
      "given must fit, and a value that begins with ~ is a regular expression");
  auto options = std::make_shared<AddOptions>();
  for (std::size_t i = 0; i < kTextMatchers.size(); ++i) {
    add->add_option(kTextMatchers[i].option, options->texts[i],
                    absl::StrCat("failures ", kTextMatchers[i].help))
        ->type_name("TEXT");
  }
  add->add_option("--kind", options->kind,
                  "events of this kind, such as job_failed")
      ->type_name("KIND");
  add->add_option("--from", options->from,
                  "not from now but from then: a time such as "
                  "2026-01-05T12:00:00Z, or how long from now, such as 2h")
      ->type_name("TIME");
  add->add_option("--until", options->until,
                  "when it ends, in the same form; at most 90 days later")
      ->type_name("TIME")
      ->required();
  add->add_option("--reason", options->reason, "why, for people")
      ->type_name("TEXT")
      ->required();
  add->callback([options, &action] {
    action = [options](CommandContext& context) {
      return Add(context, *options);
    };
  });
}

}  // namespace

void AddSilencesCommands(CLI::App& app, Action& action) {
  CLI::App* silences = app.add_subcommand(
      "silences", "lets failures open no tickets for a time");
  silences->require_subcommand(1);
  silences->fallthrough();
  CLI::App* list =
      silences->add_subcommand("list", "lists silences, latest end first");
  auto options = std::make_shared<ListOptions>();
  list->add_flag("--all", options->all, "those too that have ended");
  AddLimit(*list, options->limit);
  list->callback([options, &action] {
    action = [options](CommandContext& context) {
      return List(context, *options);
    };
  });
  DeclareAdd(*silences, action);
  CLI::App* expire = silences->add_subcommand("expire", "ends a silence now");
  auto silence_id = std::make_shared<std::string>();
  expire->add_option("ID", *silence_id, "the silence's id")->required();
  expire->callback([silence_id, &action] {
    action = [silence_id](CommandContext& context) {
      return Expire(context, *silence_id);
    };
  });
}

}  // namespace opcon_snow::cli
