// The version of the OpCon REST API: shows that the way to OpCon is open.
(function() {
    var answer = new x_opcon_snow.OpConApi('Production').getApiVersion();
    if (!answer.ok) {
        gs.error('OpCon does not answer: ' + answer.error);
        return;
    }
    gs.info('OpCon ' + answer.body.opConRestApiProductVersion);
})();
