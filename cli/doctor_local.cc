#include "cli/doctor_local.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/spool.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::Hop;
using ::incident::v1::HopState;

// Who renews certificates needs some days for it.
constexpr absl::Duration kExpiresSoon = absl::Hours(14 * 24);
// OpCon tells times in seconds, and a minute still tells most runs apart.
constexpr absl::Duration kClocksAgree = absl::Seconds(30);
constexpr std::size_t kMaxPemBytes = std::size_t{1} << 20;

Hop ConfigurationHop(const Settings& settings) {
  std::string message = absl::StrCat(
      "the service's address is from ", settings.server_origin, "; a call may ",
      "take ", absl::FormatDuration(settings.timeout));
  if (settings.config_file.empty()) {
    absl::StrAppend(&message, "; there is no file");
  }
  return MakeHop("configuration", settings.config_file,
                 ::incident::v1::HOP_STATE_OK, std::move(message));
}

// Collects what is to be said of certificates and keys.
class TlsCheck {
 public:
  explicit TlsCheck(const CommandContext& context)
      : files_(*context.environment().files),
        now_(context.environment().clock->Now()) {}

  void CheckCertificates(absl::string_view what, const std::string& path) {
    const absl::StatusOr<std::string> pem = files_.Read(path, kMaxPemBytes);
    if (!pem.ok()) {
      return Say(::incident::v1::HOP_STATE_FAILED,
                 std::string(pem.status().message()));
    }
    const absl::StatusOr<absl::Time> expiry = FirstExpiry(*pem, now_);
    if (!expiry.ok()) {
      return Say(::incident::v1::HOP_STATE_FAILED,
                 absl::StrCat(path, " ", expiry.status().message()));
    }
    const std::string day =
        absl::FormatTime("%Y-%m-%d", *expiry, absl::UTCTimeZone());
    if (*expiry <= now_) {
      Say(::incident::v1::HOP_STATE_FAILED,
          absl::StrCat("the ", what, " ", path, " expired on ", day,
                       "; renew it"));
    } else if (*expiry < now_ + kExpiresSoon) {
      Say(::incident::v1::HOP_STATE_WARNING,
          absl::StrCat("the ", what, " ", path, " expires on ", day,
                       "; renew it before"));
    } else {
      Say(::incident::v1::HOP_STATE_OK,
          absl::StrCat("the ", what, " is valid until ", day));
    }
  }

  void CheckKey(const std::string& path) {
    const absl::StatusOr<std::string> pem = files_.Read(path, kMaxPemBytes);
    if (!pem.ok()) {
      return Say(::incident::v1::HOP_STATE_FAILED,
                 std::string(pem.status().message()));
    }
    const absl::StatusOr<bool> open = files_.IsOpenToOthers(path);
    if (!open.ok()) {
      Say(::incident::v1::HOP_STATE_WARNING,
          std::string(open.status().message()));
    } else if (*open) {
      Say(::incident::v1::HOP_STATE_WARNING,
          absl::StrCat("the private key ", path, " is open to other users"));
    }
  }

  void Say(HopState state, std::string text) {
    const auto gravity = [](HopState s) {
      return s == ::incident::v1::HOP_STATE_FAILED    ? 2
             : s == ::incident::v1::HOP_STATE_WARNING ? 1
                                                      : 0;
    };
    if (gravity(state) > gravity(state_)) state_ = state;
    texts_.push_back(std::move(text));
  }

  Hop Result(const std::string& target) const {
    return MakeHop("tls", target, state_, absl::StrJoin(texts_, "; "));
  }

 private:
  Files& files_;
  const absl::Time now_;
  HopState state_ = ::incident::v1::HOP_STATE_OK;
  std::vector<std::string> texts_;
};

Hop TlsHop(const CommandContext& context) {
  const ::config::v1::Channel& server = context.settings().server;
  TlsCheck check(context);
  if (!server.has_tls()) {
    check.Say(::incident::v1::HOP_STATE_OK,
              "none, because the service is on this machine");
    return check.Result("");
  }
  const ::config::v1::ClientTls& tls = server.tls();
  if (tls.ca_file().empty()) {
    check.Say(::incident::v1::HOP_STATE_OK,
              "trusts the authorities of the system");
  } else {
    check.CheckCertificates("authority", tls.ca_file());
  }
  if (!tls.certificate_file().empty()) {
    check.CheckCertificates("client certificate", tls.certificate_file());
    check.CheckKey(tls.key_file());
  }
  return check.Result(tls.certificate_file());
}

// Whether a report could be kept right now: the folder takes a file.
absl::Status TrySpool(const Spool& spool, Files& files,
                      const std::string& name) {
  absl::Status status = files.MakeDirectories(spool.directory());
  if (!status.ok()) return status;
  const std::string path = spool.PathOf(name);
  status = files.WriteDurably(path, "");
  return status.ok() ? files.Remove(path) : status;
}

Hop SpoolHop(const CommandContext& context) {
  absl::StatusOr<Spool> spool = context.OpenSpool();
  if (!spool.ok()) {
    return MakeHop("spool", "", ::incident::v1::HOP_STATE_WARNING,
                   absl::StrCat(spool.status().message(),
                                "; a report is lost if the service cannot be "
                                "reached"));
  }
  const std::string probe = absl::StrCat(
      "doctor-", absl::ToUnixNanos(context.environment().clock->Now()));
  const absl::Status usable =
      TrySpool(*spool, *context.environment().files, probe);
  const auto waiting = spool->Waiting();
  const auto refused = spool->Refused();
  for (const absl::Status& status :
       {usable, waiting.status(), refused.status()}) {
    if (status.ok()) continue;
    return MakeHop("spool", spool->directory(),
                   ::incident::v1::HOP_STATE_FAILED,
                   std::string(status.message()));
  }
  const bool empty = waiting->empty() && refused->empty();
  return MakeHop(
      "spool", spool->directory(),
      empty ? ::incident::v1::HOP_STATE_OK : ::incident::v1::HOP_STATE_WARNING,
      empty ? "empty"
            : absl::StrCat(waiting->size(), " waiting, ", refused->size(),
                           " refused; see \"incidentctl spool list\""));
}

}  // namespace

Hop MakeHop(std::string name, std::string target, HopState state,
            std::string message) {
  Hop hop;
  hop.set_name(std::move(name));
  hop.set_target(std::move(target));
  hop.set_state(state);
  hop.set_message(std::move(message));
  return hop;
}

std::vector<Hop> LocalHops(const CommandContext& context) {
  return {ConfigurationHop(context.settings()), TlsHop(context),
          SpoolHop(context)};
}

Hop ClockHop(const google::protobuf::Timestamp& service_time, absl::Time sent,
             absl::Duration took) {
  const absl::Time theirs = absl::FromUnixSeconds(service_time.seconds()) +
                            absl::Nanoseconds(service_time.nanos());
  // At the least: where within the call the service looked is not known.
  absl::Duration ahead = absl::ZeroDuration();
  if (theirs < sent) ahead = sent - theirs;
  if (theirs > sent + took) ahead = sent + took - theirs;
  const absl::Duration off = absl::AbsDuration(ahead);
  if (off < kClocksAgree) {
    return MakeHop("clock", "", ::incident::v1::HOP_STATE_OK,
                   "shows what the service's does");
  }
  return MakeHop(
      "clock", "", ::incident::v1::HOP_STATE_WARNING,
      absl::StrCat(
          "this machine's is ",
          absl::FormatDuration(absl::Trunc(off, absl::Seconds(1))),
          ahead > absl::ZeroDuration() ? " ahead of" : " behind",
          " the service's, so runs of a job may be mistaken for one another: "
          "set both by NTP, then look again"));
}

absl::StatusOr<absl::Time> FirstExpiry(absl::string_view pem, absl::Time now) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> text(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  absl::Time first = absl::InfiniteFuture();
  for (;;) {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr), &X509_free);
    if (certificate == nullptr) break;
    int days = 0;
    int seconds = 0;
    const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> today(
        ASN1_TIME_set(nullptr, absl::ToTimeT(now)), &ASN1_TIME_free);
    if (ASN1_TIME_diff(&days, &seconds, today.get(),
                       X509_get0_notAfter(certificate.get())) != 1) {
      continue;
    }
    first =
        std::min(first, now + absl::Hours(24 * days) + absl::Seconds(seconds));
  }
  if (first == absl::InfiniteFuture()) {
    return absl::InvalidArgumentError("has no certificate in PEM form in it");
  }
  return first;
}

}  // namespace opcon_snow::cli
