new OpConActions().retryDue();
