#ifndef OPCON_SNOW_INCIDENT_SERVICE_STORE_SIGNALS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_STORE_SIGNALS_H_

// The listeners of a store, for its implementations.

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "incident_service/store/store.h"

namespace opcon_snow::incident {

// Thread-safe. Subscriptions may outlive it.
class Signals {
 public:
  std::unique_ptr<StoreSubscription> Subscribe(Store::Listener listener) {
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    const int id = shared_->next_id++;
    shared_->listeners.emplace(id, std::move(listener));
    return std::make_unique<Subscription>(shared_, id);
  }

  // Without locks of the store's. A subscription that ends meanwhile waits
  // until the call is over.
  void Send(const StoreSignal& signal) {
    if (!signal.work && !signal.changes) return;
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    for (const auto& [id, listener] : shared_->listeners) listener(signal);
  }

 private:
  struct Shared {
    std::mutex mutex;
    int next_id = 0;                           // guarded by mutex
    std::map<int, Store::Listener> listeners;  // guarded by mutex
  };

  class Subscription final : public StoreSubscription {
   public:
    Subscription(std::shared_ptr<Shared> shared, int id)
        : shared_(std::move(shared)), id_(id) {}
    ~Subscription() override {
      const std::lock_guard<std::mutex> lock(shared_->mutex);
      shared_->listeners.erase(id_);
    }

   private:
    const std::shared_ptr<Shared> shared_;
    const int id_;
  };

  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_STORE_SIGNALS_H_
