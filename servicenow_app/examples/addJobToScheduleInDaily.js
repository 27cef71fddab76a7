// Adds a job to a schedule of the daily tables.
(function() {
    var opcon = new x_opcon_snow.OpConApi('Production');
    var found = opcon.getDailyScheduleByNameAndDate('Nightly', '2026-01-06');
    if (!found.ok || found.body.length !== 1) {
        gs.error('There is not exactly one schedule: ' + found.error);
        return;
    }
    var answer = opcon.addJobToScheduleInDaily(found.body[0].id, 'EXTRA', 'OnDemand', {});
    if (!answer.ok) {
        gs.error('The job was not added: ' + answer.error);
        return;
    }
    gs.info('Schedule action ' + answer.body.id + ' is ' + answer.body.result);
})();
