(function executeRule(current, previous /*null when async*/) {
    new OpConActions().request(current, 'restart');
})(current, previous);
