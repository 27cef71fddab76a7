import { Acl, Role } from '@servicenow/sdk/core'

export const admin = Role({
    name: 'x_opcon_snow.admin',
    description: 'Maintains the OpCon systems and their tokens. Gives no rights on incidents.',
})

export const reader = Role({
    name: 'x_opcon_snow.reader',
    description: 'Sees what was asked of OpCon and what is wrong with the setup. Sees no token.',
})

Acl({
    $id: Now.ID['system-read'],
    type: 'record',
    table: 'x_opcon_snow_system',
    operation: 'read',
    roles: [admin],
})
Acl({
    $id: Now.ID['system-create'],
    type: 'record',
    table: 'x_opcon_snow_system',
    operation: 'create',
    roles: [admin],
})
Acl({
    $id: Now.ID['system-write'],
    type: 'record',
    table: 'x_opcon_snow_system',
    operation: 'write',
    roles: [admin],
})
Acl({
    $id: Now.ID['system-delete'],
    type: 'record',
    table: 'x_opcon_snow_system',
    operation: 'delete',
    roles: [admin],
})
Acl({
    $id: Now.ID['action-read'],
    type: 'record',
    table: 'x_opcon_snow_action',
    operation: 'read',
    roles: [reader, admin],
})
Acl({
    $id: Now.ID['once-read'],
    type: 'record',
    table: 'x_opcon_snow_once',
    operation: 'read',
    roles: [reader, admin],
})
Acl({
    $id: Now.ID['problem-read'],
    type: 'record',
    table: 'x_opcon_snow_problem',
    operation: 'read',
    roles: [reader, admin],
})
