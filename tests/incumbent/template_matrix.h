#ifndef OPCON_SNOW_TESTS_INCUMBENT_TEMPLATE_MATRIX_H_
#define OPCON_SNOW_TESTS_INCUMBENT_TEMPLATE_MATRIX_H_

// Templates of the incumbent connector, one for each of its rules the other way
// round, and failures of jobs that meet each of them in every way.

#include <map>
#include <string>
#include <vector>

namespace opcon_snow::incumbent {

// The templates by their names, which are those of their files without `.json`:
//   basic       the connector's documented example, as it is printed
//   all         every rule on that another one does not exclude
//   attributes  what texts, variables and tags may hold beside that
//   no-…, …     `all` with one rule the other way round
// `documented` is the text of the example.
std::map<std::string, std::string> MatrixTemplates(
    const std::string& documented);

// One failure of one job.
struct MatrixCase {
  std::string template_name;
  // Within the template's working hours, or not.
  bool by_day = true;
  // What the job's tags are, for people, and the tags.
  std::string tagged;
  std::vector<std::string> tags;
  // Whether the CMDB has the application that the job's schedule and tag name.
  bool in_cmdb = true;
  // Whether the job's documentation has the part that templates ask for.
  bool is_documented = true;
  // Not empty: the job has failed before and its ticket is in this state, as
  // ServiceNow numbers it.
  std::string had_state = "";

  // Such as "day, TAG_END, in CMDB".
  std::string Name() const;
};

// For each template: working hours, tags and CMDB in every combination; without
// documentation by day and at night; with an earlier ticket that is resolved,
// or for the rules that look at it in every state.
std::vector<MatrixCase> MatrixCases();

// The application in the schedule's name and in a tag, for the job of this
// number.
std::string ApplicationId(int job);

}  // namespace opcon_snow::incumbent

#endif  // OPCON_SNOW_TESTS_INCUMBENT_TEMPLATE_MATRIX_H_
