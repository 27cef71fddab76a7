"""What scripts find on the instance, by scripts that anybody could write."""

import hashlib

from snow_sandbox import (ADMIN_ID, NETWORK_ID, TABLE, ScriptError, SnowTest,
                          main)


class GlideTest(SnowTest):

    FLAGS = ("--script-timeout", "5")

    def value(self, script, expected):
        self.assertEqual(self.snow.run(script), expected, script)

    def fails(self, script, *parts):
        with self.assertRaises(ScriptError) as caught:
            self.snow.run(script)
        for part in parts:
            self.assertIn(part, str(caught.exception))

    def test_queries_of_every_form(self):
        for number in range(1, 6):
            self.create(short_description="n%d ^ x" % number,
                        impact=str(1 + number % 3))
        self.snow.run("""
            function names(fill) {
              var gr = new GlideRecord('incident');
              fill(gr);
              gr.orderBy('short_description');
              gr.query();
              var found = [];
              while (gr.next()) found.push(gr.short_description.toString()[1]);
              return found.join('');
            }
            function check(expected, fill) {
              var found = names(fill);
              if (found !== expected) {
                throw new Error(fill + ': ' + found + ', not ' + expected);
              }
            }
            check('12345', function(gr) {});
            // Values are values, whatever stands in them.
            check('3', function(gr) {
              gr.addQuery('short_description', 'n3 ^ x');
            });
            check('45', function(gr) {
              gr.addQuery('short_description', '>=', 'n4');
            });
            check('12', function(gr) {
              gr.addQuery('short_description', 'IN', ['n1 ^ x', 'n2 ^ x']);
            });
            check('2', function(gr) {
              gr.addQuery('short_description', 'CONTAINS', '2 ^');
            });
            check('15', function(gr) {
              gr.addQuery('short_description', 'n1 ^ x')
                  .addOrCondition('short_description', 'STARTSWITH', 'n5');
            });
            check('14', function(gr) {
              gr.addEncodedQuery('short_descriptionSTARTSWITHn1^NQ' +
                  'short_descriptionSTARTSWITHn4');
              gr.addActiveQuery();
            });
            check('12345', function(gr) { gr.addQuery('active=true'); });
            check('12345', function(gr) { gr.addNullQuery('problem_id'); });
            check('', function(gr) { gr.addNotNullQuery('problem_id'); });
            check('12345', function(gr) {
              gr.addQuery('opened_by.user_name', 'admin');
            });
            check('12345', function(gr) {
              gr.addQuery('sys_created_on', '>', gs.daysAgo(1));
            });
            check('12', function(gr) { gr.setLimit(2); });
            check('23', function(gr) { gr.chooseWindow(1, 3); });
            // A part that cannot be understood is dropped.
            check('12345', function(gr) { gr.addQuery('no_such', 'x'); });
        """)
        self.value("""var gr = new GlideRecord('incident');
            gr.addQuery('state', '!=', 7); gr.orderByDesc('number');
            gr.getEncodedQuery()""", "state!=7^ORDERBYDESCnumber")

    def test_more_records_than_come_at_once(self):
        self.snow.control("POST", "incidents", {"count": 230})
        self.value("""var gr = new GlideRecord('incident'); gr.query();
            var seen = {}, count = 0;
            while (gr.next()) {
              seen[gr.getUniqueValue()] = true; count++;
              if (count === 3) {
                var other = new GlideRecord('incident');
                other.get('number', 'INC0010005'); other.deleteRecord();
              }
            }
            gr.getRowCount() + ' ' + count + ' ' + Object.keys(seen).length""",
                   "230 230 230")

    def test_a_record_is_written_and_read(self):
        self.value("""var gr = new GlideRecord('incident');
            gr.initialize();
            gr.short_description = 'h\\u00e9 \\ud83d\\ude00';
            gr.setValue('impact', 1);
            gr.assignment_group.setDisplayValue('Network');
            gr.work_notes = 'first';
            gr.no_such_column = 'x';
            var fresh = gr.isNewRecord();
            var id = gr.insert();
            [fresh, gr.isNewRecord(), id === gr.getUniqueValue(),
             gr.number.toString().slice(0, 3), gr.getValue('priority'),
             gr.getDisplayValue('impact'), gr.getValue('active'), '' + gr.active,
             gr.getValue('problem_id'), gr.assignment_group.manager.name,
             gr.getDisplayValue('assignment_group'), gr.getDisplayValue(),
             gr.isValidField('no_such_column'), gr.getTableName(),
             gr.state == 1, gr.nil('problem_id'), gr.impact.getLabel(),
             gr.caller_id.nil(), gr.assignment_group.getRefRecord().name].join()
            """, "true,false,true,INC,3,1 - High,1,true,,Beth Anglin,Network,"
                   "INC0010001,false,incident,true,true,Impact,true,Network")
        row = self.find(query="short_descriptionLIKE\U0001f600")[0]
        self.assertEqual(row["short_description"], "h\u00e9 \U0001f600")
        self.assertEqual(row["assignment_group"]["value"], NETWORK_ID)
        self.value("""var gr = new GlideRecord('incident');
            gr.get('number', 'INC0010001');
            gr.work_notes = 'second'; gr.comments = 'c'; gr.update();
            gr.work_notes.getJournalEntry(-1).match(/first|second/g).sort()
                .join()""", "first,second")
        self.value("""var gr = new GlideRecord('incident');
            gr.addQuery('number', 'INC0010001'); gr.query(); gr.next();
            gr.deleteRecord() + ' ' + new GlideRecord('incident').get(
                gr.getUniqueValue()) + ' ' + gr.get('x')""",
                   "true false false")

    def test_a_refused_write_says_so(self):
        self.create()
        self.value("""var gr = new GlideRecord('incident');
            gr.get('number', 'INC0010001'); gr.state = 6;
            gr.update() + '|' + gr.getLastErrorMessage()""",
                   "null|Data Policy Exception: The following fields are "
                   "mandatory: Resolution code, Resolution notes")
        self.value("new GlideRecord('no_such_table').isValid()", "false")
        self.value("""var gr = new GlideRecord('no_such_table'); gr.query();
            gr.next() + '' + gr.insert()""", "falsenull")

    def test_fields_of_the_platform_can_be_left_alone(self):
        record = self.create()
        self.value("""var gr = new GlideRecord('incident');
            gr.get('%s'); gr.autoSysFields(false); gr.setWorkflow(false);
            gr.category = 'software'; gr.update(); gr.getValue('sys_mod_count')
            """ % record["sys_id"], "0")

    def test_system_calls(self):
        self.value("gs.getUserName() + gs.getUserID() + "
                   "gs.getUser().getFullName() + gs.hasRole('itil')",
                   "admin" + ADMIN_ID + "System Administratortrue")
        self.assertEqual(
            self.snow.run("[gs.getUserName(), gs.hasRole('admin'), "
                          "gs.hasRole('itil')].join()", "opcon.integration"),
            "opcon.integration,false,true")
        self.value("gs.getProperty('instance_name') + '|' + "
                   "gs.getProperty('no.such') + '|' + "
                   "gs.getProperty('no.such', 'otherwise')",
                   "sandbox|null|otherwise")
        self.value("gs.setProperty('x.y', 'z'); gs.getProperty('x.y')", "z")
        self.value("[gs.nil(''), gs.nil(null), gs.nil('a'), gs.nil(0)].join()",
                   "true,true,false,false")
        self.value("gs.base64Decode(gs.base64Encode('h\u00e9'))", "h\u00e9")
        self.value("gs.generateGUID().length", "32")
        self.snow.run("gs.info('{0} of {1}', 1, 'x'); gs.error('bad'); "
                      "gs.log('old', 'somewhere')")
        self.assertEqual(
            [(row["level"], row["message"], row["source"])
             for row in self.find("syslog")],
            [("0", "1 of x", "background script"),
             ("2", "bad", "background script"), ("0", "old", "somewhere")])
        self.value("""gs.eventQueue('x.event', null, 'a', 'b');
            var e = new GlideRecord('sysevent'); e.get('name', 'x.event');
            e.parm1 + e.parm2""", "ab")

    def test_times(self):
        self.value("new GlideDateTime('2026-01-31 10:00:00').getDisplayValue()",
                   "2026-01-31 02:00:00")
        self.value("""var t = new GlideDateTime('2026-01-31 10:00:00');
            t.addMonthsUTC(1); t.addSeconds(61); t.addDaysUTC(-1);
            t.getValue() + ' ' + t.getByFormat('dd.MM.yyyy')""",
                   "2026-02-27 10:01:01 27.02.2026")
        self.value("""var a = new GlideDateTime('2026-01-01 00:00:00');
            var b = new GlideDateTime('2026-01-02 01:02:03');
            [a.before(b), a.compareTo(b), b.getDayOfWeekUTC(),
             GlideDateTime.subtract(a, b).getDurationValue(),
             b.getDate().getValue(), new GlideDateTime('x').isValid()].join()
            """, "true,-1,5,1 01:02:03,2026-01-02,false")

    def test_aggregates(self):
        for impact, urgency in (("1", "1"), ("1", "2"), ("2", "3")):
            self.create(impact=impact, urgency=urgency)
        self.value("""var ga = new GlideAggregate('incident');
            ga.addAggregate('COUNT'); ga.addAggregate('SUM', 'urgency');
            ga.groupBy('impact'); ga.query();
            var rows = [];
            while (ga.next()) {
              rows.push(ga.impact + ':' + ga.getAggregate('COUNT') + ':' +
                  ga.getAggregate('SUM', 'urgency'));
            }
            rows.sort().join()""", "1:2:3,2:1:3")

    def test_attachments(self):
        record = self.create()
        self.value("""var gr = new GlideRecord('incident'); gr.get('%s');
            var files = new GlideSysAttachment();
            var id = files.write(gr, 'a.txt', 'text/plain', 'content');
            gr.hasAttachments() + files.getContent(id)""" % record["sys_id"],
                   "truecontent")
        listed = self.snow.call("GET", "/api/now/attachment").json()["result"]
        self.assertEqual([(file["file_name"], file["size_bytes"])
                          for file in listed], [("a.txt", "7")])

    def test_script_includes(self):
        self.create("sys_script_include", name="Base", active="true", script="""
            var Base = Class.create();
            Base.prototype = {initialize: function(x) { this.x = x; },
                              twice: function() { return 2 * this.x; },
                              type: 'Base'};""")
        self.create("sys_script_include", name="Derived", active="true",
                    api_name="x_app.Derived", script="""
            var Derived = Class.create();
            Derived.prototype = Object.extendsObject(Base, {
              more: function() { return this.twice() + 1; }, type: 'Derived'});
            """)
        self.create("sys_script_include", name="Broken", active="true",
                    script="var Broken = ;")
        self.value("new Derived(5).more()", "11")
        self.value("new x_app.Derived(6).more() + new global.Base(1).twice()",
                   "15")
        self.fails("new Broken()", "SyntaxError", "script include Broken")

    def test_passwords_are_ciphers_to_scripts(self):
        self.create("sys_auth_profile_basic", name="p", username="u",
                    password="secret")
        self.value("""var gr = new GlideRecord('sys_auth_profile_basic');
            gr.get('name', 'p');
            var shown = [gr.getValue('password'), '' + gr.password,
                         gr.password.getDisplayValue()].join();
            gr.name = 'q'; gr.update();
            [shown.indexOf('secret'), gr.password.nil(), shown.length > 10,
             gr.password.getDecryptedValue()].join()
            """, "-1,false,true,secret")
        self.value("""var gr = new GlideRecord('sys_auth_profile_basic');
            gr.initialize();
            [gr.password.nil(), gr.getValue('password'),
             gr.password.getDecryptedValue()].join()""", "true,,")

    def test_digests(self):
        self.value("new GlideDigest().getSHA256Hex('a\\u00e9')",
                   hashlib.sha256("a\u00e9".encode()).hexdigest())

    def test_a_message_of_an_application(self):
        app = self.create("sys_app", name="a", scope="x_app")["sys_id"]
        message = self.create("sys_rest_message", name="m", sys_scope=app,
                              rest_endpoint=self.snow.url)
        self.create("sys_rest_message_fn", function_name="get",
                    rest_message=message["sys_id"], http_method="get")
        for name in ("m", "x_app.m"):
            self.value("new sn_ws.RESTMessageV2('%s', 'get').getEndpoint()"
                       % name, self.snow.url)
        for name in ("x_other.m", "x_app.n", ".m"):
            self.fails("new sn_ws.RESTMessageV2('%s', 'get')" % name,
                       "was not found")

    def test_nothing_a_script_does_ends_the_instance(self):
        for script, part in (
                ("while (true) {}", "maximum execution time exceeded"),
                ("new Array(4294967295).join('x')",
                 "maximum execution time exceeded"),
                ("var s = 'x'; try { while (true) s += s; } finally { s = ''; }",
                 "memory|alloc|string too long"),
                ("function f() { return f() + 1; } f()", "callstack limit"),
                ("var s = '['; for (var i = 0; i < 17; i++) s += s; "
                 "JSON.parse(s)", "limit"),
                ("null.x", r"TypeError: cannot read property 'x' of null "
                           r"\(background script, line 1\)"),
                ("\n\nfoo(", "SyntaxError"),
                ("throw {toString: function() { throw 1; }}", "no text"),
                ("throw null", "null|^$"),
                ("JSON.stringify = null; Object.prototype.then = 1; "
                 "Array.prototype.map = null; throw new Error('x')", "Error: x"),
                ("gs.getProperty({toString: function() { return {}; }})",
                 "TypeError")):
            with self.assertRaises(ScriptError) as caught:
                self.snow.run(script)
            self.assertRegex(str(caught.exception), part, script)
        self.value("1 + 1", "2")

    def test_messages_stay_on_this_machine(self):
        for url in ("http://opcon.example.com/", "http://10.0.0.1:9010/",
                    "http://[2001:db8::1]/", "http://127.0.0.1.example.com/"):
            self.value("""var r = new sn_ws.RESTMessageV2();
                r.setEndpoint('%s'); var a = r.execute();
                a.getStatusCode() + ' ' + a.haveError() + ' ' +
                    (a.getErrorMessage().indexOf('this machine only') > 0)
                """ % url, "0 true true")
        for url in ("file:///etc/passwd", "gopher://127.0.0.1/", "nonsense"):
            self.value("""var r = new sn_ws.RESTMessageV2();
                r.setEndpoint('%s'); r.execute().getStatusCode()""" % url, "0")
        # The port is free: nobody answers, and that is no exception.
        self.value("""var r = new sn_ws.RESTMessageV2();
            r.setEndpoint('http://127.0.0.1:1/'); var a = r.execute();
            a.getStatusCode() + ' ' + a.haveError() + ' ' +
                (a.getErrorMessage() !== '')""", "0 true true")

    def test_a_message_by_hand(self):
        url = self.snow.url + TABLE + "incident"
        for execute in ("execute", "executeAsync"):
            self.value("""var r = new sn_ws.RESTMessageV2();
                r.setHttpMethod('post'); r.setEndpoint('%s');
                r.setBasicAuth('admin', 'admin');
                r.setRequestHeader('Accept', 'application/json');
                r.setRequestHeader('Content-Type', 'application/json');
                r.setQueryParameter('sysparm_fields', 'category');
                r.setStringParameterNoEscape('c', 'network');
                r.setStringParameter('d', '<&>');
                r.setRequestBody('{"category":"${c}","description":"${d}${x}"}');
                var a = r.%s();
                [a.getStatusCode(), a.getBody(), a.haveError(),
                 a.getHeader('CONTENT-type'), a.getErrorMessage()].join('|')
                """ % (url, execute),
                       '201|{"result":{"category":"network"}}|false|'
                       "application/json;charset=UTF-8|")
        self.assertEqual([row["description"] for row in self.find()],
                         ["&lt;&amp;&gt;"] * 2)
        sent = self.snow.control("GET", "requests")["requests"][0]
        self.assertEqual(sent["headers"]["user-agent"], "ServiceNow/1.0")
        self.value("""var r = new sn_ws.RESTMessageV2(); r.setEndpoint('%s');
            var a = r.execute(); a.getStatusCode() + ' ' + a.getErrorMessage()
            """ % url, "401 Method failed: (/api/now/table/incident) with "
                       "code: 401")
        self.fails("new sn_ws.RESTMessageV2('none', 'x')", "none",
                   "was not found")

    def test_queries_may_hold_scripts(self):
        self.create(short_description="mine")
        rows = self.find(query="sys_created_by=javascript:"
                         "gs.getUserName().toLowerCase()")
        self.assertEqual(len(rows), 1)
        # They look, and do nothing else.
        self.find(query="number=javascript:new GlideRecord('problem').insert()")
        self.assertEqual(self.find("problem"), [])


class LittleMemoryTest(SnowTest):

    FLAGS = ("--script-memory", "8")

    def test_memory_is_bounded(self):
        with self.assertRaisesRegex(ScriptError, "memory|alloc"):
            self.snow.run("var s = 'x'; while (true) s += s")
        self.assertEqual(self.snow.run("'still here'"), "still here")


if __name__ == "__main__":
    main()
