import '@servicenow/sdk/global'

declare global {
    namespace Now {
        namespace Internal {
            interface Keys extends KeysRegistry {
                explicit: {
                    'action-read': {
                        table: 'sys_security_acl'
                        id: 'e6fdd0fd84a747f9b1ad1497362f595a'
                    }
                    'addJob-accept': {
                        table: 'sys_rest_message_headers'
                        id: 'd582c358ca464591b6f23ae0d6e1ed7a'
                    }
                    'addJob-post-address': {
                        table: 'sys_rest_message_fn_parameters'
                        id: '5d8c16dbbcc840a293a27c4a36f2f70c'
                    }
                    'addJob-post-token': {
                        table: 'sys_rest_message_fn_parameters'
                        id: '134bd4d4fd7a418aaf46afd45971d187'
                    }
                    'addJob-token': {
                        table: 'sys_rest_message_headers'
                        id: '44f758cf570f437b989a765895d57649'
                    }
                    'addJob-type': {
                        table: 'sys_rest_message_headers'
                        id: 'ae6cd896538d495c959009d613fd61fa'
                    }
                    addJobToScheduleInDaily: {
                        table: 'sys_rest_message'
                        id: '2f36096911be4efc9ccd05492ae0fa30'
                    }
                    bom_json: {
                        table: 'sys_module'
                        id: 'fe1dab7b0c954431952b83c2ff52a164'
                    }
                    buildSchedule: {
                        table: 'sys_rest_message'
                        id: '0084818628f24a4299ca14c887b26d1e'
                    }
                    'buildSchedule-accept': {
                        table: 'sys_rest_message_headers'
                        id: '552916f359ea40298a1a8bcc8fdd58d9'
                    }
                    'buildSchedule-post-address': {
                        table: 'sys_rest_message_fn_parameters'
                        id: '7f6b73d8d10d4cd2b59d89c255b37355'
                    }
                    'buildSchedule-post-token': {
                        table: 'sys_rest_message_fn_parameters'
                        id: 'fb2ef4ceb1524205b1ddd5e8ba7aef3d'
                    }
                    'buildSchedule-token': {
                        table: 'sys_rest_message_headers'
                        id: '10427688d51543d7b7a08cb063f063dc'
                    }
                    'buildSchedule-type': {
                        table: 'sys_rest_message_headers'
                        id: '04a333a9ee374a478047823cd2635ce3'
                    }
                    'check-setup': {
                        table: 'sysauto_script'
                        id: 'c65d333e00734a348b23dc37cd4cd1e1'
                    }
                    getApiVersion: {
                        table: 'sys_rest_message'
                        id: '0daa05e86ea043e4910fc5f2b828214f'
                    }
                    'getApiVersion-accept': {
                        table: 'sys_rest_message_headers'
                        id: '87a54a455e434eecb8752b4aa1f0e93d'
                    }
                    'getApiVersion-get-address': {
                        table: 'sys_rest_message_fn_parameters'
                        id: 'f53e7034f75c456292fd58673a68d1d2'
                    }
                    getDailyJob: {
                        table: 'sys_rest_message'
                        id: '5d2ab55d663943809f4463c1f3c4daf3'
                    }
                    'getDailyJob-accept': {
                        table: 'sys_rest_message_headers'
                        id: 'b4d294860b5748bca86dea44dc0d47cb'
                    }
                    'getDailyJob-byId-address': {
                        table: 'sys_rest_message_fn_parameters'
                        id: '438077592a044e8da16d26c47355010c'
                    }
                    'getDailyJob-byId-id': {
                        table: 'sys_rest_message_fn_parameters'
                        id: '1deb3284af13466ba8c1943a7149a4d4'
                    }
                    'getDailyJob-byId-token': {
                        table: 'sys_rest_message_fn_parameters'
                        id: '367c951615014997961dd50b15d1e882'
                    }
                    'getDailyJob-byUid-address': {
                        table: 'sys_rest_message_fn_parameters'
                        id: 'adb576d03c584687a98d6b4cb636c627'
                    }
                    'getDailyJob-byUid-token': {
                        table: 'sys_rest_message_fn_parameters'
                        id: 'a6ad8a4bf0e94cba9aae888c492a67db'
                    }
                    'getDailyJob-byUid-uid': {
                        table: 'sys_rest_message_fn_parameters'
                        id: '39da9954a38d47ba9110b79e8dace6f4'
                    }
                    'getDailyJob-tickets-address': {
                        table: 'sys_rest_message_fn_parameters'
                        id: '9a2c3e6a69a842448b070730470b905d'
                    }
                    'getDailyJob-tickets-token': {
                        table: 'sys_rest_message_fn_parameters'
                        id: 'd48ae71102e3450a92d94a19c1d62759'
                    }
                    'getDailyJob-tickets-uid': {
                        table: 'sys_rest_message_fn_parameters'
                        id: '6effffecfd754edfa17e3c483709c38d'
                    }
                    'getDailyJob-token': {
                        table: 'sys_rest_message_headers'
                        id: '6f9fedd629bc428683676835707e9876'
                    }
                    'getDailySchedule-accept': {
                        table: 'sys_rest_message_headers'
                        id: 'b0da16e95cb648329171d5e10cad2518'
                    }
                    'getDailySchedule-get-address': {
                        table: 'sys_rest_message_fn_parameters'
                        id: '0c3811f3714d453ca0f37d7e9053ce8e'
                    }
                    'getDailySchedule-get-date': {
                        table: 'sys_rest_message_fn_parameters'
                        id: '5670b7cc1b654157b248d8959d2258d6'
                    }
                    'getDailySchedule-get-name': {
                        table: 'sys_rest_message_fn_parameters'
                        id: 'e4b724ed217b42d99db61341c43be72f'
                    }
                    'getDailySchedule-get-token': {
                        table: 'sys_rest_message_fn_parameters'
                        id: '5aae08e4a6d64cb0b117a18eb9e069f1'
                    }
                    'getDailySchedule-token': {
                        table: 'sys_rest_message_headers'
                        id: 'fb7d1b6bc5d7423b92d1b92ef0b72b03'
                    }
                    getDailyScheduleByNameAndDate: {
                        table: 'sys_rest_message'
                        id: '50a316e3b5be41088b3088118dfbd367'
                    }
                    'integration-users': {
                        table: 'sys_properties'
                        id: '9b760e0b5c25496db339489a656c5b82'
                    }
                    'keep-days': {
                        table: 'sys_properties'
                        id: 'fa381a250e4748f59c7618bbbbf25f0d'
                    }
                    menu: {
                        table: 'sys_app_application'
                        id: 'd4f50a4cbe1547cba686f31b3e760f96'
                    }
                    'module-actions': {
                        table: 'sys_app_module'
                        id: 'de4247dfbe5c46c8a34d569165ae8ed4'
                    }
                    'module-problems': {
                        table: 'sys_app_module'
                        id: '9b74f5325908490490af47534a43a0f1'
                    }
                    'module-systems': {
                        table: 'sys_app_module'
                        id: '4b57388ca8904614bf606e48c2815246'
                    }
                    'once-read': {
                        table: 'sys_security_acl'
                        id: '42345d51a62141209061cc01a54fe024'
                    }
                    OpConActions: {
                        table: 'sys_script_include'
                        id: 'eaa041c4a90e44d793f2352610744105'
                    }
                    OpConApi: {
                        table: 'sys_script_include'
                        id: 'a8c9e8d46c7e4a62a264853db8cd97d9'
                    }
                    OpConJob: {
                        table: 'sys_script_include'
                        id: '34e4daa9c36f4865ae58195626bf4194'
                    }
                    OpConSetup: {
                        table: 'sys_script_include'
                        id: 'b8fbf66521d64668b3dfbc4c25749c6e'
                    }
                    OpConSystem: {
                        table: 'sys_script_include'
                        id: 'a75873706e0143ebbc4fc6400b3ce101'
                    }
                    OpConSystemCheck: {
                        table: 'sys_script'
                        id: '2e42c15eafe347dcb62bbdf657f8d800'
                    }
                    OpConTicketAccepted: {
                        table: 'sys_script'
                        id: 'c356cdb4b97349fca0a47f4ab8bc6a6b'
                    }
                    OpConTicketCanceled: {
                        table: 'sys_script'
                        id: '495b03a16b894376ad5bcdcc1e3cfb7b'
                    }
                    OpConTicketRelease: {
                        table: 'sys_script'
                        id: '14e89285b2ee4127b41d6f0d824f3e5c'
                    }
                    OpConTicketResolved: {
                        table: 'sys_script'
                        id: 'e9c3bbf5026f4b31bbc0129226305c95'
                    }
                    package_json: {
                        table: 'sys_module'
                        id: '444b8acf293f4ea2b71eee3f58453d9a'
                    }
                    'privilege-execute': {
                        table: 'sys_scope_privilege'
                        id: 'e90c277037e84c1c805506895a16ac78'
                    }
                    'privilege-executeAsync': {
                        table: 'sys_scope_privilege'
                        id: '5133a5c508bf48df84f985739bef5d49'
                    }
                    'privilege-getBody': {
                        table: 'sys_scope_privilege'
                        id: 'ec8de0daae774c288ca6ef1d36af7924'
                    }
                    'privilege-getErrorMessage': {
                        table: 'sys_scope_privilege'
                        id: 'ba79990cfa7f4d7f99396150fec249b1'
                    }
                    'privilege-getStatusCode': {
                        table: 'sys_scope_privilege'
                        id: 'f5556b6e7aed4e4b98c2558ca76ed6cc'
                    }
                    'privilege-incident-read': {
                        table: 'sys_scope_privilege'
                        id: '0499bdd536e04ce3bb2052686d2f1baf'
                    }
                    'privilege-incident-write': {
                        table: 'sys_scope_privilege'
                        id: '65ce641093af410f81a304b9e06a5ada'
                    }
                    'privilege-mid-read': {
                        table: 'sys_scope_privilege'
                        id: '9560f500dcb44c30bfb113e7ae2feaa1'
                    }
                    'privilege-rules-read': {
                        table: 'sys_scope_privilege'
                        id: '0dd4fd2f3d5c413aa265cc4267bec69f'
                    }
                    'privilege-setHttpTimeout': {
                        table: 'sys_scope_privilege'
                        id: '4fe4226833934172ac593075f0e6585f'
                    }
                    'privilege-setMIDServer': {
                        table: 'sys_scope_privilege'
                        id: '3b9639be07794ff48e84cbf8d6baa7a1'
                    }
                    'privilege-setRequestBody': {
                        table: 'sys_scope_privilege'
                        id: '0e6eef02603b4715a9a6ad044c93811c'
                    }
                    'privilege-setStringParameterNoEscape': {
                        table: 'sys_scope_privilege'
                        id: 'f72d522204f24b178849a0a8d67ea379'
                    }
                    'privilege-users-read': {
                        table: 'sys_scope_privilege'
                        id: '0cb03247f3c24f7394c647412c00a405'
                    }
                    'privilege-waitForResponse': {
                        table: 'sys_scope_privilege'
                        id: 'b80d9a675dac4cf48bfe5b8590d17ec9'
                    }
                    'problem-read': {
                        table: 'sys_security_acl'
                        id: '98350eb149784dceb5b8000959e57fbd'
                    }
                    'retry-hours': {
                        table: 'sys_properties'
                        id: '5ffac2f1c0c6431091dacff8691955d5'
                    }
                    'retry-job-actions': {
                        table: 'sysauto_script'
                        id: 'ecd8e2c9fb5543b3a3b77eb971d4d48e'
                    }
                    src_server_checkSetup_js: {
                        table: 'sys_module'
                        id: '722e9292a0fb4bbaa03964cd0e5c5742'
                        deleted: true
                    }
                    src_server_OpConActions_js: {
                        table: 'sys_module'
                        id: '46fc8bf2394e464a866ba5d125c67649'
                        deleted: true
                    }
                    src_server_OpConApi_js: {
                        table: 'sys_module'
                        id: '16058b9bb3304219a7a04e7f292d31b3'
                        deleted: true
                    }
                    src_server_OpConJob_js: {
                        table: 'sys_module'
                        id: 'f5d0262eb7594e0bbc71566a3e2c9d95'
                        deleted: true
                    }
                    src_server_OpConSetup_js: {
                        table: 'sys_module'
                        id: '8c55fd4a9b204f2da13e6ede62dea701'
                        deleted: true
                    }
                    src_server_OpConSystem_js: {
                        table: 'sys_module'
                        id: 'cebd646801624d289c789f529a44fa54'
                        deleted: true
                    }
                    src_server_OpConSystemCheck_js: {
                        table: 'sys_module'
                        id: '3306abf291ee49ebbac6fe5393be1742'
                        deleted: true
                    }
                    src_server_OpConTicketAccepted_js: {
                        table: 'sys_module'
                        id: '1e72797184d940c2a1120b60d0a7fda5'
                        deleted: true
                    }
                    src_server_OpConTicketCanceled_js: {
                        table: 'sys_module'
                        id: '9b80a8a6235546d986274635e8a13fbd'
                        deleted: true
                    }
                    src_server_OpConTicketRelease_js: {
                        table: 'sys_module'
                        id: '66ee628627cf40c5a45b846dce91cd76'
                        deleted: true
                    }
                    src_server_OpConTicketResolved_js: {
                        table: 'sys_module'
                        id: '2e1f4cefed1848659c408ec3a027001b'
                        deleted: true
                    }
                    src_server_retryJobActions_js: {
                        table: 'sys_module'
                        id: '8260e88a6dbb4ab5afc9e1ec332c5cbe'
                        deleted: true
                    }
                    'system-create': {
                        table: 'sys_security_acl'
                        id: 'b83cdf83a433402c9bcec6c72c6aa46c'
                    }
                    'system-delete': {
                        table: 'sys_security_acl'
                        id: 'fdb1499f04844ef387bac038d36dee86'
                    }
                    'system-read': {
                        table: 'sys_security_acl'
                        id: 'adeed6dadc6542149f349a4d869db333'
                    }
                    'system-write': {
                        table: 'sys_security_acl'
                        id: '7263a8d249de495ea9a8e3fb8400a993'
                    }
                    updateJobStatusById: {
                        table: 'sys_rest_message'
                        id: '09994cd54f4c47899a7a31057bc61ced'
                    }
                    'updateJobStatusById-accept': {
                        table: 'sys_rest_message_headers'
                        id: 'f806cad346cb48a599ee2dbd6c43734b'
                    }
                    'updateJobStatusById-post-address': {
                        table: 'sys_rest_message_fn_parameters'
                        id: '25957fe5bbe14ccd91e41eb785a8adf4'
                    }
                    'updateJobStatusById-post-token': {
                        table: 'sys_rest_message_fn_parameters'
                        id: '65f2e4379f6b4fafac0cc2335bc82353'
                    }
                    'updateJobStatusById-result-address': {
                        table: 'sys_rest_message_fn_parameters'
                        id: 'fca9a90a4ca743f0a7fc8bcc18e79d2f'
                    }
                    'updateJobStatusById-result-id': {
                        table: 'sys_rest_message_fn_parameters'
                        id: '94c4704d107843be803419f034527087'
                    }
                    'updateJobStatusById-result-token': {
                        table: 'sys_rest_message_fn_parameters'
                        id: '19c20e66b2654ae6b2e880c9d3c3f72a'
                    }
                    'updateJobStatusById-token': {
                        table: 'sys_rest_message_headers'
                        id: 'e22acdc9ee6f49dfaffb3140c95d531a'
                    }
                    'updateJobStatusById-type': {
                        table: 'sys_rest_message_headers'
                        id: 'd501aa51022c40d0ac028c452a193a74'
                    }
                }
                composite: [
                    {
                        table: 'sys_documentation'
                        id: '0201bf84f1cb43eea31b45f7ae0875d0'
                        key: {
                            name: 'x_opcon_snow_once'
                            element: 'action'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '0453241b59ba4f648f828f21c1e15d7a'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'state'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '07f7e9073ad64589990913558df0a064'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'job_action'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '0b55f52b336843dd92e81eb135eaaef5'
                        key: {
                            name: 'x_opcon_snow_once'
                            element: 'run'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '0cae6fe0863b4ee092b3373b0966a041'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'active'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '111c58644dfb47dda2972b6724b8578a'
                        key: {
                            name: 'x_opcon_snow_once'
                            element: 'NULL'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '16afd11393ee4b00b6fa54687175a077'
                        key: {
                            name: 'x_opcon_snow_problem'
                            element: 'code'
                        }
                    },
                    {
                        table: 'sys_rest_message_fn'
                        id: '171b83b5e72d49419972f912b781cc67'
                        key: {
                            rest_message: '09994cd54f4c47899a7a31057bc61ced'
                            function_name: 'post'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '1a095e2e7e624c449642378ce6d86fef'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'attempts'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '1eef4d3e3c724a4ab3a9f684b9265f8c'
                        key: {
                            sys_security_acl: '98350eb149784dceb5b8000959e57fbd'
                            sys_user_role: {
                                id: 'f419c9e8d3764a1aad77a875b4a0d9d7'
                                key: {
                                    name: 'x_opcon_snow.admin'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '209e1279869c49a194acf76e2a8ba71e'
                        key: {
                            name: 'x_opcon_snow_once'
                            element: 'run'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '20aca0ce82e748268fb7317804aca276'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'url'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '228a95f490884fd48b94ff0c99816607'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'address'
                        }
                    },
                    {
                        table: 'sys_rest_message_fn'
                        id: '29c6bd59bbbc40a7b80e8725e3b19466'
                        key: {
                            rest_message: '09994cd54f4c47899a7a31057bc61ced'
                            function_name: 'result'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '2c76e60b9b9b40abb2b45c739a771fbf'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'system'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '2c8e6987c86f47a2898693e0456fc8a7'
                        key: {
                            sys_security_acl: 'e6fdd0fd84a747f9b1ad1497362f595a'
                            sys_user_role: {
                                id: '385150561d49431a820f766aa8bf2acf'
                                key: {
                                    name: 'x_opcon_snow.reader'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '3182e97a6ccf4ee0865dfc590a9b2e0b'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'action'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '327a68cbe24341bca8be068fc78b4b4a'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'mid_server'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '32e9b9f4a6d34a6faafe3520b8bd70eb'
                        key: {
                            name: 'x_opcon_snow_problem'
                            element: 'problem'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '338c2017750046ce902a173744a6a17d'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'attempts'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '35684add073348e0af7162c6d0c2d517'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'requested_by'
                        }
                    },
                    {
                        table: 'sys_user_role'
                        id: '385150561d49431a820f766aa8bf2acf'
                        key: {
                            name: 'x_opcon_snow.reader'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '3a21d51e35944d8f87e734fd910e6d4e'
                        key: {
                            name: 'x_opcon_snow_once'
                            element: 'job'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_rest_message_fn'
                        id: '3d7f737732994fd283a93ffc986527a1'
                        key: {
                            rest_message: '0084818628f24a4299ca14c887b26d1e'
                            function_name: 'post'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '3e60a23460fe4a3c9a1d1708df23ae1b'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'token'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '42879bc743084f82ba71dc8014434ee3'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'api_version'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '482a3f124fe24bc181c4c1af469b8783'
                        key: {
                            name: 'x_opcon_snow_problem'
                            element: 'NULL'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '4b1ed5d38c7d4462bf5c99483cfaccc4'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'checked_on'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '4bf52c896129422199f891f8218605c9'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'noted'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '4c506daa75bc4a48841c5de7f2b1313b'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'job'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '4f6a363eb5a7448fb204d0100bab2fb8'
                        key: {
                            name: 'x_opcon_snow_once'
                            element: 'job_action'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '501d4ac5c44c41569c7711c8a0d4d766'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'sent_on'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '52536bf240d54135bfaca56d01d29446'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'name'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '541722e1052240fdb2f3d69571207ce4'
                        key: {
                            name: 'x_opcon_snow_once'
                            element: 'job_action'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '55725ac5de434f37b4229bdaeda0e0da'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'message'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '5a7c27abc30e4845ad78f58b4b51e92f'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'sent_on'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '5c023e31d2004a43ab0800f439047193'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'refusals'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_db_object'
                        id: '62da523e58d64d0fad1ab53c4d9c5d4b'
                        key: {
                            name: 'x_opcon_snow_once'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '688adad7be774fc8acf56fde1d9da441'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'NULL'
                        }
                    },
                    {
                        table: 'sys_db_object'
                        id: '6d0c0ab1bb674426938001a6fb2d108c'
                        key: {
                            name: 'x_opcon_snow_system'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '70203576c45e42608b8f3d47af32c72f'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'requested_by'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '7041453a14f245cc81dc56304d102ee3'
                        key: {
                            name: 'x_opcon_snow_problem'
                            element: 'problem'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '73280cd514934bfeb67fbaff25147a8c'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'message'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '7374b5726f7440bcbe479d701627c42b'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'active'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '74def77eba824d4aac43d10ea4ae3df6'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'mid_server'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '76539e15c3ec442483efefa0abb26bb4'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'token'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '7674323156504ecf9e4206ea185152e4'
                        key: {
                            sys_security_acl: 'fdb1499f04844ef387bac038d36dee86'
                            sys_user_role: {
                                id: 'f419c9e8d3764a1aad77a875b4a0d9d7'
                                key: {
                                    name: 'x_opcon_snow.admin'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '76826fa8ab494f0d9fb91fd9bb945423'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'system'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '7e2ec456080e44efa0676b4f4713395f'
                        key: {
                            name: 'x_opcon_snow_once'
                            element: 'action'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '863bf8a410114e4dbe652c7d58ed3219'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'requested_on'
                        }
                    },
                    {
                        table: 'sys_rest_message_fn'
                        id: '8786dd20b69d4e0abd95d388731f79bf'
                        key: {
                            rest_message: '5d2ab55d663943809f4463c1f3c4daf3'
                            function_name: 'byUid'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '8c0ddec7cc3d48fea03030a00982ad78'
                        key: {
                            sys_security_acl: '42345d51a62141209061cc01a54fe024'
                            sys_user_role: {
                                id: 'f419c9e8d3764a1aad77a875b4a0d9d7'
                                key: {
                                    name: 'x_opcon_snow.admin'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '9254b034993c4703a174612fd844fa00'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'incident'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '93315dbd7cc64656a63069fe740642e4'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'next_attempt'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_rest_message_fn'
                        id: '9462b4d2e19446438c3f9890208a920f'
                        key: {
                            rest_message: '50a316e3b5be41088b3088118dfbd367'
                            function_name: 'get'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '978b2ccce0d7404db092e9b80cd9e575'
                        key: {
                            name: 'x_opcon_snow_once'
                            element: 'job'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '9865298f02664a9595d747faee4c0f53'
                        key: {
                            sys_security_acl: '42345d51a62141209061cc01a54fe024'
                            sys_user_role: {
                                id: '385150561d49431a820f766aa8bf2acf'
                                key: {
                                    name: 'x_opcon_snow.reader'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '98c908f687cb4789bffd962907991514'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'refusals'
                        }
                    },
                    {
                        table: 'ua_table_licensing_config'
                        id: '9a370a69a8e54c85bf150159e5e274be'
                        key: {
                            name: 'x_opcon_snow_action'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '9bd6d6c0fa9a473fa4ad83b60f3a9f74'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'requested_on'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '9d49c5c547d14fb48f426442ce31eec2'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'address'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_rest_message_fn'
                        id: 'a03c7ca193324f58a9cd634578bb3e2f'
                        key: {
                            rest_message: '5d2ab55d663943809f4463c1f3c4daf3'
                            function_name: 'tickets'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: 'a09c60f3ffdf43419facf8a963047956'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'checked_on'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: 'a4400196691e43c198b8ec13d790ae15'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'run'
                            language: 'en'
                        }
                    },
                    {
                        table: 'ua_table_licensing_config'
                        id: 'a5d67d7df09143fab734514ba26a9bfa'
                        key: {
                            name: 'x_opcon_snow_once'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: 'a7eb9c5a5ccd4aab969a6a0f167e73ea'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'state'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: 'a929bd781d7d4f83a8c08ddd6919dc27'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'action'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: 'a9ce7baaf0cd47d3affc19a6cb95abbf'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'url'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: 'aae41554490e42d7879c1ed3cd14b52d'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'name'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: 'b08d0018def44c30a3b751f7c653afe9'
                        key: {
                            name: 'x_opcon_snow_problem'
                            element: 'code'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_rest_message_fn'
                        id: 'b0f6e1cb6c4f404d8e0b0249fe19336b'
                        key: {
                            rest_message: '5d2ab55d663943809f4463c1f3c4daf3'
                            function_name: 'byId'
                        }
                    },
                    {
                        table: 'sys_rest_message_fn'
                        id: 'b1fe71f5b90a4aa1acc374724967ee4b'
                        key: {
                            rest_message: '0daa05e86ea043e4910fc5f2b828214f'
                            function_name: 'get'
                        }
                    },
                    {
                        table: 'ua_table_licensing_config'
                        id: 'b30c394f2c0e48418fe5aef62379819f'
                        key: {
                            name: 'x_opcon_snow_problem'
                        }
                    },
                    {
                        table: 'sys_db_object'
                        id: 'b3d72790255b489ebbb174ec8650764f'
                        key: {
                            name: 'x_opcon_snow_problem'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: 'c691a282adcb4cdbb931b13b5c4cd448'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'api_version'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_db_object'
                        id: 'c7abcb1508fc4520a4811fd79b64176d'
                        key: {
                            name: 'x_opcon_snow_action'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: 'd04070345a1f46f8a05152eb92d6717b'
                        key: {
                            name: 'x_opcon_snow_problem'
                            element: 'NULL'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: 'd2faf045cd054d91b9efc3142c89ae05'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'NULL'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: 'd525d779c5824f549ba6303570dba6e1'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'job_action'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: 'dbc49dc6f2474dfda3fbdcacf16db0ad'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'noted'
                        }
                    },
                    {
                        table: 'sys_rest_message_fn'
                        id: 'dd60c8bf4901467781b20f97a12a3939'
                        key: {
                            rest_message: '2f36096911be4efc9ccd05492ae0fa30'
                            function_name: 'post'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: 'e2e304521b7941eba30cf0a2924ee989'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'job'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: 'e3ad186ec24f4b48bfe860d4df9c7ffc'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'incident'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: 'e87fa0c1727f4d36bb7554b8e426d811'
                        key: {
                            sys_security_acl: 'adeed6dadc6542149f349a4d869db333'
                            sys_user_role: {
                                id: 'f419c9e8d3764a1aad77a875b4a0d9d7'
                                key: {
                                    name: 'x_opcon_snow.admin'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: 'e99fd698038c4dc181f70398b30c0262'
                        key: {
                            sys_security_acl: 'b83cdf83a433402c9bcec6c72c6aa46c'
                            sys_user_role: {
                                id: 'f419c9e8d3764a1aad77a875b4a0d9d7'
                                key: {
                                    name: 'x_opcon_snow.admin'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: 'ea4fa96f11fd4782b08b1f2f2910f033'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'next_attempt'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: 'eaaf463f765b43c68f27f1d616293ee8'
                        key: {
                            sys_security_acl: 'e6fdd0fd84a747f9b1ad1497362f595a'
                            sys_user_role: {
                                id: 'f419c9e8d3764a1aad77a875b4a0d9d7'
                                key: {
                                    name: 'x_opcon_snow.admin'
                                }
                            }
                        }
                    },
                    {
                        table: 'ua_table_licensing_config'
                        id: 'ec364f5eb2de447e8a3155bb152e36aa'
                        key: {
                            name: 'x_opcon_snow_system'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: 'ecf46235375941d4938d983e11ed8cc5'
                        key: {
                            name: 'x_opcon_snow_system'
                            element: 'NULL'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_user_role'
                        id: 'f419c9e8d3764a1aad77a875b4a0d9d7'
                        key: {
                            name: 'x_opcon_snow.admin'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: 'f5f8d0f7d9ba4184b26003d40984a93c'
                        key: {
                            sys_security_acl: '7263a8d249de495ea9a8e3fb8400a993'
                            sys_user_role: {
                                id: 'f419c9e8d3764a1aad77a875b4a0d9d7'
                                key: {
                                    name: 'x_opcon_snow.admin'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: 'f97625216d744fc98b10bfe8aa9095e7'
                        key: {
                            name: 'x_opcon_snow_once'
                            element: 'NULL'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: 'fa9debd2fd4c4363a3868699929acb6a'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'NULL'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: 'fb851b47a8d94f199684d5b3d0634e0c'
                        key: {
                            name: 'x_opcon_snow_action'
                            element: 'run'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: 'ff4fee5c81864c9a8852c98aedf60e4a'
                        key: {
                            sys_security_acl: '98350eb149784dceb5b8000959e57fbd'
                            sys_user_role: {
                                id: '385150561d49431a820f766aa8bf2acf'
                                key: {
                                    name: 'x_opcon_snow.reader'
                                }
                            }
                        }
                    },
                ]
            }
        }
    }
}
