(function executeRule(current, previous /*null when async*/) {
    var fault = OpConSystem.faultOf(current.getValue('address') || '',
        current.getValue('url') || '');
    if (fault === '' && current.getValue('active') === '1') {
        var same = new GlideRecord('x_opcon_snow_system');
        same.addQuery('address', current.getValue('address'));
        same.addQuery('active', true);
        same.addQuery('sys_id', '!=', current.getUniqueValue());
        same.query();
        fault = same.hasNext() ? 'another active system has this address' : '';
    }
    if (fault !== '') {
        gs.addErrorMessage('OpCon system: ' + fault);
        current.setAbortAction(true);
    }
})(current, previous);
