#include "common/incumbent/connector_config.h"

#include <functional>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace opcon_snow::incumbent {
namespace {

constexpr char kBom[] = "\xEF\xBB\xBF";

// Reads one file. Keys and sections are taken in any case: the file was read on
// Windows by people who type it by hand.
class Parser {
 public:
  explicit Parser(Remarks* remarks) : remarks_(remarks) {
    const auto text = [](std::string* out) {
      return [out](const std::string& value) { *out = value; };
    };
    setters_["GENERAL.LOG_FILES_DIRECTORY"] = [](const std::string&) {};
    setters_["GENERAL.DEBUG"] = [](const std::string&) {};
    setters_["GENERAL.TEMPLATES_DIRECTORY"] = [this](const std::string& value) {
      config_.templates_directory = absl::StrReplaceAll(value, {{"\\", "/"}});
    };
    setters_["PROXY CONNECTION.USE_PROXY"] = Flag(&config_.use_proxy);
    setters_["PROXY CONNECTION.PROXY_ADDRESS"] = text(&config_.proxy_address);
    setters_["PROXY CONNECTION.PROXY_PORT"] = Port(&config_.proxy_port);
    setters_["OPCON API CONNECTION.SERVER"] = text(&config_.server);
    setters_["OPCON API CONNECTION.PORT"] = Port(&config_.port);
    setters_["OPCON API CONNECTION.USES_TLS"] = Flag(&config_.uses_tls);
    setters_["OPCON API CONNECTION.TOKEN"] = [this](const std::string& value) {
      config_.token = config::Secret(value);
    };
    setters_["OPCON API CONNECTION.RET_SERVER"] = text(&config_.return_server);
    setters_["OPCON API CONNECTION.RET_PORT"] = Port(&config_.return_port);
  }

  ConnectorConfig Parse(absl::string_view text) {
    absl::ConsumePrefix(&text, kBom);
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      ++line_;
      Line(line);
    }
    Check();
    return std::move(config_);
  }

 private:
  using Setter = std::function<void(const std::string&)>;

  Place Here(std::size_t offset = 0) const {
    return {line_, static_cast<int>(offset) + 1};
  }

  Setter Flag(bool* out) {
    return [this, out](const std::string& value) {
      if (absl::EqualsIgnoreCase(value, "true")) {
        *out = true;
      } else if (absl::EqualsIgnoreCase(value, "false") || value.empty()) {
        *out = false;
      } else {
        remarks_->Error(Here(), key_,
                        absl::StrCat("\"", value,
                                     "\" is neither True nor "
                                     "False"),
                        "write one of the two");
      }
    };
  }
  Setter Port(int* out) {
    return [this, out](const std::string& value) {
      int port = 0;
      if (value.empty()) return;
      if (absl::SimpleAtoi(value, &port) && port > 0 && port < 65536) {
        *out = port;
        return;
      }
      remarks_->Error(Here(), key_, absl::StrCat("\"", value, "\" is no port"),
                      "write a number from 1 to 65535");
    };
  }

  void Line(absl::string_view raw) {
    const absl::string_view line = absl::StripAsciiWhitespace(raw);
    const std::size_t indent = line.empty() ? 0 : line.data() - raw.data();
    if (line.empty() || line.front() == ';' || line.front() == '#') return;
    if (line.front() == '[') {
      Section(line, indent);
      return;
    }
    const std::size_t equals = line.find('=');
    if (equals == absl::string_view::npos) {
      remarks_->Error(Here(indent), section_,
                      "is neither a section, a comment nor KEY=value",
                      "write it as KEY=value, or begin the line with ;");
      return;
    }
    const std::string key = absl::AsciiStrToUpper(
        absl::StripAsciiWhitespace(line.substr(0, equals)));
    key_ = absl::StrCat(section_, ".", key);
    const auto setter = setters_.find(key_);
    if (setter == setters_.end()) {
      remarks_->Warn(Here(indent), key_, "is not known and is left out",
                     "see that it is spelled as in the connector's "
                     "documentation and stands in its section");
      return;
    }
    if (!seen_.emplace(key_, line_).second) {
      remarks_->Warn(Here(indent), key_,
                     absl::StrCat("is there already, in line ", seen_[key_],
                                  "; this one is used"),
                     "keep one of them");
    }
    setter->second(std::string(
        absl::StripAsciiWhitespace(WithoutComment(line.substr(equals + 1)))));
  }

  // A comment may follow a value after a blank.
  static absl::string_view WithoutComment(absl::string_view value) {
    for (std::size_t i = 1; i < value.size(); ++i) {
      const bool begins = value[i] == ';' || value[i] == '#';
      if (begins &&
          absl::ascii_isspace(static_cast<unsigned char>(value[i - 1]))) {
        return value.substr(0, i);
      }
    }
    return value;
  }

  void Section(absl::string_view line, std::size_t indent) {
    if (line.back() != ']') {
      remarks_->Error(Here(indent), "", "the section is not closed",
                      "put ] at its end");
    }
    section_ = absl::AsciiStrToUpper(absl::StripAsciiWhitespace(
        absl::StripSuffix(absl::StripPrefix(line, "["), "]")));
    for (const auto& [key, setter] : setters_) {
      if (absl::StartsWith(key, section_ + ".")) return;
    }
    remarks_->Warn(Here(indent), section_, "is not a known section",
                   "known are GENERAL, PROXY CONNECTION and OPCON API "
                   "CONNECTION");
  }

  // All zero if the file does not have it.
  Place PlaceOf(const std::string& key) const {
    const auto found = seen_.find(key);
    return found == seen_.end() ? Place{} : Place{found->second, 1};
  }

  void Check() {
    if (config_.server.empty()) {
      remarks_->Error({}, "OPCON API CONNECTION.SERVER", "is missing",
                      "write the host of OpCon's REST API there");
    }
    if (config_.token.empty()) {
      remarks_->Error({}, "OPCON API CONNECTION.TOKEN", "is missing",
                      "write an application token of OpCon there");
    }
    if (config_.use_proxy &&
        (config_.proxy_address.empty() || config_.proxy_port == 0)) {
      remarks_->Error(PlaceOf("PROXY CONNECTION.USE_PROXY"),
                      "PROXY CONNECTION.USE_PROXY",
                      "is True, and PROXY_ADDRESS or PROXY_PORT is missing",
                      "give both, or set it to False");
    }
    if (!config_.uses_tls) {
      remarks_->Error(PlaceOf("OPCON API CONNECTION.USES_TLS"),
                      "OPCON API CONNECTION.USES_TLS",
                      "is False: the token would travel in clear, which the "
                      "incumbent's documentation does not allow either",
                      "give the API a certificate and set it to True");
    }
  }

  Remarks* const remarks_;
  ConnectorConfig config_;
  std::map<std::string, Setter> setters_;
  std::map<std::string, int> seen_;
  std::string section_;
  std::string key_;
  int line_ = 0;
};

std::string Address(const std::string& host, int port) {
  return absl::StrCat(host, ":", port);
}

}  // namespace

ConnectorConfig ParseConnectorConfig(absl::string_view text, Remarks* remarks) {
  return Parser(remarks).Parse(text);
}

::config::v1::OpConInstance OpConInstanceFrom(const ConnectorConfig& config,
                                              const std::string& file) {
  ::config::v1::OpConInstance instance;
  instance.set_name("opcon");
  instance.set_base_url(
      absl::StrCat("https://", Address(config.server, config.port)));
  instance.set_public_address(Address(
      config.return_server.empty() ? config.server : config.return_server,
      config.return_port == 0 ? config.port : config.return_port));
  instance.set_token_file(file);
  return instance;
}

::config::v1::Proxy ProxyFrom(const ConnectorConfig& config) {
  ::config::v1::Proxy proxy;
  if (config.use_proxy) {
    proxy.set_url(absl::StrCat(
        "http://", Address(config.proxy_address, config.proxy_port)));
  }
  return proxy;
}

}  // namespace opcon_snow::incumbent
