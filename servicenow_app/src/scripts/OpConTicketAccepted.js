(function executeRule(current, previous /*null when async*/) {
    new OpConActions().request(current, 'markUnderReview');
})(current, previous);
