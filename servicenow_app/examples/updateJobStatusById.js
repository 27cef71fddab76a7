// Marks one job of the daily tables "Under Review".
(function() {
    var answer = new x_opcon_snow.OpConApi('Production').updateJobStatusById(
        '20260105|16|1|LOAD', 'markUnderReview', 'looked at by the night shift');
    if (!answer.ok) {
        gs.error('The job was not marked: ' + answer.error);
        return;
    }
    // OpCon carries it out later: "submitted", then "success" or "failed".
    gs.info('Job action ' + answer.body.id + ' is ' + answer.body.result);
})();
