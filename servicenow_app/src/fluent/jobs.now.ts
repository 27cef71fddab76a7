import { ScheduledScript } from '@servicenow/sdk/core'

ScheduledScript({
    $id: Now.ID['retry-job-actions'],
    name: 'OpCon: try job actions again',
    active: true,
    frequency: 'periodically',
    executionInterval: { days: 0, hours: 0, minutes: 1, seconds: 0 },
    // Without it the SDK takes the time of the build.
    executionStart: '2026-01-01 00:00:00',
    script: Now.include('../scripts/retryJobActions.js'),
})

ScheduledScript({
    $id: Now.ID['check-setup'],
    name: 'OpCon: check the setup',
    active: true,
    frequency: 'periodically',
    executionInterval: { days: 0, hours: 1, minutes: 0, seconds: 0 },
    executionStart: '2026-01-01 00:00:00',
    script: Now.include('../scripts/checkSetup.js'),
})
