import { Property } from '@servicenow/sdk/core'

Property({
    $id: Now.ID['integration-users'],
    name: 'x_opcon_snow.integration_users',
    type: 'string',
    value: 'opcon.integration',
    description:
        'User names, separated by commas, with which the OpCon integration changes incidents. Their changes never reach back to OpCon.',
    roles: { read: ['admin', 'x_opcon_snow.admin'], write: ['admin', 'x_opcon_snow.admin'] },
})

Property({
    $id: Now.ID['retry-hours'],
    name: 'x_opcon_snow.retry_hours',
    type: 'integer',
    value: 24,
    description: 'For how long a job action is tried again while OpCon cannot be reached (1 to 168).',
    roles: { read: ['admin', 'x_opcon_snow.admin'], write: ['admin', 'x_opcon_snow.admin'] },
})

Property({
    $id: Now.ID['keep-days'],
    name: 'x_opcon_snow.keep_days',
    type: 'integer',
    value: 90,
    description: 'For how many days finished job actions are kept (7 to 3650).',
    roles: { read: ['admin', 'x_opcon_snow.admin'], write: ['admin', 'x_opcon_snow.admin'] },
})
