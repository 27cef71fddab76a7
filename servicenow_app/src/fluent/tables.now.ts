import {
    BooleanColumn,
    DateTimeColumn,
    IntegerColumn,
    Password2Column,
    ReferenceColumn,
    StringColumn,
    Table,
} from '@servicenow/sdk/core'

// Where OpCon is. Tickets only choose among these rows; nothing in a ticket is
// ever dialled.
export const x_opcon_snow_system = Table({
    name: 'x_opcon_snow_system',
    label: 'OpCon System',
    display: 'name',
    accessibleFrom: 'package_private',
    actions: ['read'],
    allowWebServiceAccess: true,
    audit: true,
    schema: {
        name: StringColumn({ label: 'Name', mandatory: true, maxLength: 100 }),
        address: StringColumn({
            label: 'Address in tickets',
            hint: 'What stands before the comma of correlation_id: the public_address of the OpCon instance, e.g. opcon.example.com:9010',
            mandatory: true,
            maxLength: 100,
        }),
        url: StringColumn({
            label: 'URL',
            hint: 'Where the REST API is called: https://host[:port], without /api',
            mandatory: true,
            maxLength: 255,
        }),
        token: Password2Column({
            label: 'Application token',
            hint: 'An OpCon application token of a user that may only mark, restart and cancel the jobs concerned',
            maxLength: 255,
        }),
        mid_server: ReferenceColumn({
            label: 'MID Server',
            hint: 'For an OpCon that the instance cannot reach; empty: the instance calls it',
            referenceTable: 'ecc_agent',
        }),
        active: BooleanColumn({ label: 'Active', default: true }),
        api_version: StringColumn({ label: 'API version', readOnly: true, maxLength: 40 }),
        checked_on: DateTimeColumn({ label: 'Last checked', readOnly: true }),
    },
})

// What rules asked for: the intent before the effect, and the result after it.
export const x_opcon_snow_action = Table({
    name: 'x_opcon_snow_action',
    label: 'OpCon Job Action',
    display: 'job',
    accessibleFrom: 'package_private',
    actions: ['read'],
    allowWebServiceAccess: true,
    schema: {
        incident: ReferenceColumn({ label: 'Incident', referenceTable: 'incident', readOnly: true }),
        action: StringColumn({
            label: 'Action',
            readOnly: true,
            maxLength: 40,
        }),
        state: StringColumn({
            label: 'State',
            readOnly: true,
            maxLength: 40,
            default: 'waiting',
        }),
        system: ReferenceColumn({
            label: 'OpCon system',
            referenceTable: 'x_opcon_snow_system',
            readOnly: true,
        }),
        job: StringColumn({ label: 'Job', readOnly: true, maxLength: 300 }),
        run: StringColumn({
            label: 'Run',
            hint: 'Job number and end time of the run that the ticket is about',
            readOnly: true,
            maxLength: 100,
        }),
        job_action: StringColumn({
            label: "OpCon's job action",
            readOnly: true,
            maxLength: 40,
        }),
        requested_by: StringColumn({ label: 'Requested by', readOnly: true, maxLength: 100 }),
        requested_on: DateTimeColumn({ label: 'Requested', readOnly: true }),
        attempts: IntegerColumn({ label: 'Attempts', readOnly: true, default: 0 }),
        next_attempt: DateTimeColumn({ label: 'Next attempt', readOnly: true }),
        sent_on: DateTimeColumn({ label: 'Last sent', readOnly: true }),
        refusals: IntegerColumn({ label: 'Refusals', readOnly: true, default: 0 }),
        noted: BooleanColumn({
            label: 'Noted in the ticket',
            readOnly: true,
            default: false,
        }),
        message: StringColumn({ label: 'Message', readOnly: true, maxLength: 1000 }),
    },
})

// One row for each run that was restarted or canceled. Its sys_id is made from
// the run, so that the database lets only one caller have it.
export const x_opcon_snow_once = Table({
    name: 'x_opcon_snow_once',
    label: 'OpCon Once per Run',
    display: 'job',
    accessibleFrom: 'package_private',
    actions: ['read'],
    allowWebServiceAccess: true,
    schema: {
        action: StringColumn({ label: 'Action', readOnly: true, maxLength: 40 }),
        job: StringColumn({ label: 'Job', readOnly: true, maxLength: 300 }),
        run: StringColumn({ label: 'Run', readOnly: true, maxLength: 100 }),
        job_action: ReferenceColumn({
            label: 'Job action',
            referenceTable: 'x_opcon_snow_action',
            readOnly: true,
        }),
    },
})

// What the setup check found, anew at each check.
export const x_opcon_snow_problem = Table({
    name: 'x_opcon_snow_problem',
    label: 'OpCon Setup Problem',
    display: 'problem',
    accessibleFrom: 'package_private',
    actions: ['read'],
    allowWebServiceAccess: true,
    schema: {
        code: StringColumn({ label: 'Code', readOnly: true, maxLength: 40 }),
        problem: StringColumn({ label: 'Problem', readOnly: true, maxLength: 1000 }),
    },
})
