import { BusinessRule } from '@servicenow/sdk/core'

// Asynchronous, because a rule of an application may run no other script on a
// table that is not its own. Such a script cannot see what changed: the
// transition is in the condition.

BusinessRule({
    $id: Now.ID['OpConTicketAccepted'],
    name: 'OpConTicketAccepted',
    description: 'New to In Progress: the job is marked Under Review.',
    table: 'incident',
    when: 'async',
    action: ['update'],
    filterCondition: 'correlation_display=SMA_OPCON^stateCHANGESFROM1^stateCHANGESTO2^EQ',
    script: Now.include('../scripts/OpConTicketAccepted.js'),
    order: 100,
    priority: 100,
    active: true,
})

BusinessRule({
    $id: Now.ID['OpConTicketResolved'],
    name: 'OpConTicketResolved',
    description: 'To Resolved: the job is marked Fixed. The alternative is OpConTicketRelease.',
    table: 'incident',
    when: 'async',
    action: ['update'],
    filterCondition: 'correlation_display=SMA_OPCON^stateCHANGESTO6^EQ',
    script: Now.include('../scripts/OpConTicketResolved.js'),
    order: 100,
    priority: 100,
    active: true,
})

BusinessRule({
    $id: Now.ID['OpConTicketRelease'],
    name: 'OpConTicketRelease',
    description:
        'To Resolved: the job is restarted. To use it, activate it and deactivate OpConTicketResolved.',
    table: 'incident',
    when: 'async',
    action: ['update'],
    filterCondition: 'correlation_display=SMA_OPCON^stateCHANGESTO6^EQ',
    script: Now.include('../scripts/OpConTicketRelease.js'),
    order: 100,
    priority: 100,
    active: false,
})

BusinessRule({
    $id: Now.ID['OpConTicketCanceled'],
    name: 'OpConTicketCanceled',
    description: 'To Canceled: the job is canceled.',
    table: 'incident',
    when: 'async',
    action: ['update'],
    filterCondition: 'correlation_display=SMA_OPCON^stateCHANGESTO8^EQ',
    script: Now.include('../scripts/OpConTicketCanceled.js'),
    order: 100,
    priority: 100,
    active: true,
})

BusinessRule({
    $id: Now.ID['OpConSystemCheck'],
    name: 'OpConSystemCheck',
    description: 'Refuses a system that could not be used: https only, one per address.',
    table: 'x_opcon_snow_system',
    when: 'before',
    action: ['insert', 'update'],
    script: Now.include('../scripts/OpConSystemCheck.js'),
    order: 100,
    active: true,
})
