// Builds a schedule for one day and keeps it on hold. A schedule that is there
// already stays as it is, unless `overwrite` is true.
(function() {
    var answer = new x_opcon_snow.OpConApi('Production').buildSchedule(
        'Nightly', '2026-01-06', {hold: true});
    if (!answer.ok) {
        gs.error('The schedule was not built: ' + answer.error);
        return;
    }
    gs.info('Schedule build ' + answer.body.id + ' was accepted');
})();
