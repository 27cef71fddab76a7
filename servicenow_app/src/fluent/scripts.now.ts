import { ScriptInclude } from '@servicenow/sdk/core'

ScriptInclude({
    $id: Now.ID['OpConApi'],
    name: 'OpConApi',
    apiName: 'x_opcon_snow.OpConApi',
    description: 'The OpCon REST API for other applications of this instance.',
    script: Now.include('../scripts/OpConApi.js'),
    active: true,
    accessibleFrom: 'public',
    // An administrator says which applications may run jobs.
    callerAccess: 'restriction',
})

ScriptInclude({
    $id: Now.ID['OpConSystem'],
    name: 'OpConSystem',
    apiName: 'x_opcon_snow.OpConSystem',
    description: 'One row of the table of OpCon systems, and the way to its REST API.',
    script: Now.include('../scripts/OpConSystem.js'),
    active: true,
    accessibleFrom: 'package_private',
})

ScriptInclude({
    $id: Now.ID['OpConJob'],
    name: 'OpConJob',
    apiName: 'x_opcon_snow.OpConJob',
    description: 'What OpCon says about a job, and what may be done with it.',
    script: Now.include('../scripts/OpConJob.js'),
    active: true,
    accessibleFrom: 'package_private',
})

ScriptInclude({
    $id: Now.ID['OpConActions'],
    name: 'OpConActions',
    apiName: 'x_opcon_snow.OpConActions',
    description: 'From a ticket that moved to its job.',
    script: Now.include('../scripts/OpConActions.js'),
    active: true,
    accessibleFrom: 'package_private',
})

ScriptInclude({
    $id: Now.ID['OpConSetup'],
    name: 'OpConSetup',
    apiName: 'x_opcon_snow.OpConSetup',
    description: 'Finds what is wrong with the setup.',
    script: Now.include('../scripts/OpConSetup.js'),
    active: true,
    accessibleFrom: 'package_private',
})
