import { CrossScopePrivilege } from '@servicenow/sdk/core'

// What the scripts use outside of the application, so that nobody has to allow
// it at the first ticket.

CrossScopePrivilege({
    $id: Now.ID['privilege-incident-read'],
    operation: 'read',
    status: 'allowed',
    targetName: 'incident',
    targetScope: 'global',
    targetType: 'sys_db_object',
})
CrossScopePrivilege({
    $id: Now.ID['privilege-incident-write'],
    operation: 'write',
    status: 'allowed',
    targetName: 'incident',
    targetScope: 'global',
    targetType: 'sys_db_object',
})
CrossScopePrivilege({
    $id: Now.ID['privilege-rules-read'],
    operation: 'read',
    status: 'allowed',
    targetName: 'sys_script',
    targetScope: 'global',
    targetType: 'sys_db_object',
})
CrossScopePrivilege({
    $id: Now.ID['privilege-users-read'],
    operation: 'read',
    status: 'allowed',
    targetName: 'sys_user',
    targetScope: 'global',
    targetType: 'sys_db_object',
})
CrossScopePrivilege({
    $id: Now.ID['privilege-mid-read'],
    operation: 'read',
    status: 'allowed',
    targetName: 'ecc_agent',
    targetScope: 'global',
    targetType: 'sys_db_object',
})
CrossScopePrivilege({
    $id: Now.ID['privilege-execute'],
    operation: 'execute',
    status: 'allowed',
    targetName: 'ScriptableRESTMessageClient.execute',
    targetScope: 'global',
    targetType: 'scriptable',
})
CrossScopePrivilege({
    $id: Now.ID['privilege-executeAsync'],
    operation: 'execute',
    status: 'allowed',
    targetName: 'ScriptableRESTMessageClient.executeAsync',
    targetScope: 'global',
    targetType: 'scriptable',
})
CrossScopePrivilege({
    $id: Now.ID['privilege-setStringParameterNoEscape'],
    operation: 'execute',
    status: 'allowed',
    targetName: 'ScriptableRESTMessageClient.setStringParameterNoEscape',
    targetScope: 'global',
    targetType: 'scriptable',
})
CrossScopePrivilege({
    $id: Now.ID['privilege-setRequestBody'],
    operation: 'execute',
    status: 'allowed',
    targetName: 'ScriptableRESTMessageClient.setRequestBody',
    targetScope: 'global',
    targetType: 'scriptable',
})
CrossScopePrivilege({
    $id: Now.ID['privilege-setHttpTimeout'],
    operation: 'execute',
    status: 'allowed',
    targetName: 'ScriptableRESTMessageClient.setHttpTimeout',
    targetScope: 'global',
    targetType: 'scriptable',
})
CrossScopePrivilege({
    $id: Now.ID['privilege-setMIDServer'],
    operation: 'execute',
    status: 'allowed',
    targetName: 'ScriptableRESTMessageClient.setMIDServer',
    targetScope: 'global',
    targetType: 'scriptable',
})
CrossScopePrivilege({
    $id: Now.ID['privilege-getBody'],
    operation: 'execute',
    status: 'allowed',
    targetName: 'ScriptableRESTResponse.getBody',
    targetScope: 'global',
    targetType: 'scriptable',
})
CrossScopePrivilege({
    $id: Now.ID['privilege-getErrorMessage'],
    operation: 'execute',
    status: 'allowed',
    targetName: 'ScriptableRESTResponse.getErrorMessage',
    targetScope: 'global',
    targetType: 'scriptable',
})
CrossScopePrivilege({
    $id: Now.ID['privilege-getStatusCode'],
    operation: 'execute',
    status: 'allowed',
    targetName: 'ScriptableRESTResponse.getStatusCode',
    targetScope: 'global',
    targetType: 'scriptable',
})
CrossScopePrivilege({
    $id: Now.ID['privilege-waitForResponse'],
    operation: 'execute',
    status: 'allowed',
    targetName: 'ScriptableRESTResponse.waitForResponse',
    targetScope: 'global',
    targetType: 'scriptable',
})
