import { ApplicationMenu, Record } from '@servicenow/sdk/core'
import { admin, reader } from './roles.now'

const menu = ApplicationMenu({
    $id: Now.ID['menu'],
    title: 'OpCon',
    hint: 'OpCon systems, and what was asked of them',
    description: 'Keeps the jobs of OpCon in step with the incidents about them.',
    active: true,
    order: 100,
    roles: [admin, reader],
})

Record({
    $id: Now.ID['module-systems'],
    table: 'sys_app_module',
    data: {
        title: 'OpCon systems',
        application: menu,
        name: 'x_opcon_snow_system',
        link_type: 'LIST',
        order: 100,
        active: true,
        override_menu_roles: true,
        roles: ['x_opcon_snow.admin'],
    },
})

Record({
    $id: Now.ID['module-actions'],
    table: 'sys_app_module',
    data: {
        title: 'Job actions',
        application: menu,
        name: 'x_opcon_snow_action',
        link_type: 'LIST',
        order: 200,
        active: true,
    },
})

Record({
    $id: Now.ID['module-problems'],
    table: 'sys_app_module',
    data: {
        title: 'Setup problems',
        application: menu,
        name: 'x_opcon_snow_problem',
        link_type: 'LIST',
        order: 300,
        active: true,
    },
})
