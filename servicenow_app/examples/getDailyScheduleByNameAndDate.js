// Finds the schedules of this name on one day.
(function() {
    var answer = new x_opcon_snow.OpConApi('Production')
        .getDailyScheduleByNameAndDate('Nightly', '2026-01-06');
    if (!answer.ok) {
        gs.error('The schedule was not found: ' + answer.error);
        return;
    }
    for (var i = 0; i < answer.body.length; i++) {
        gs.info(answer.body[i].name + ' is ' + answer.body[i].id);
    }
})();
