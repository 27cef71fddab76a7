"""Encoded queries: every operator, and what becomes of parts that are none."""

from snow_sandbox import NETWORK_ID, TABLE, SnowTest, main

ROWS = (
    # short_description, category, impact, correlation_id, group
    ("alpha", "network", "1", "k1", NETWORK_ID),
    ("beta", "software", "2", "k2", ""),
    ("Gamma ray", "network", "3", "", ""),
    ("delta", "hardware", "2", "k4", NETWORK_ID),
)
LETTERS = {row[0]: row[0][0] for row in ROWS}
ALL = "abGd"

# A query, and the first letters of what it finds.
CASES = (
    ("short_description=alpha", "a"),
    ("short_description=ALPHA", ""),  # with case
    ("short_description!=alpha", "bGd"),
    ("impact<2", "a"), ("impact<=2", "abd"),
    ("impact>2", "G"), ("impact>=2", "bGd"),
    ("short_descriptionLIKEta", "bd"),
    ("short_descriptionNOT LIKEta", "aG"),
    ("short_descriptionSTARTSWITHde", "d"),
    ("short_descriptionENDSWITHta", "bd"),
    ("categoryINnetwork,hardware", "aGd"),
    ("categoryNOT INnetwork,hardware", "b"),
    ("correlation_idISEMPTY", "G"), ("correlation_idISNOTEMPTY", "abd"),
    ("correlation_idEMPTYSTRING", "G"), ("correlation_idANYTHING", ALL),
    ("impactBETWEEN2@3", "bGd"),
    ("impactSAMEASurgency", "G"), ("impactNSAMEASurgency", "abd"),
    ("opened_atONToday@javascript:gs.beginningOfToday()"
     "@javascript:gs.endOfToday()", ALL),
    ("opened_byDYNAMIC90d1921e5f510100a9ad2572f2b477fe", ALL),
    ("sys_created_by=javascript:gs.getUserName()", ALL),
    ("opened_at>javascript:gs.hoursAgo(1)", ALL),
    ("opened_at<javascript:gs.hoursAgo(1)", ""),
    ("opened_atRELATIVEGT@hour@ago@1", ALL),
    ("sys_class_nameINSTANCEOFtask", ALL),
    ("123TEXTQUERY321=gamma", "G"),
    # Together.
    ("category=network^impact=1", "a"),
    ("short_description=alpha^ORshort_description=beta", "ab"),
    ("category=network^impact=3^ORimpact=1", "aG"),
    ("category=software^NQcategory=hardware", "bd"),
    ("category=network^EQ", "aG"),
    # Over references.
    ("assignment_group.name=Network", "ad"),
    ("assignment_group.manager.nameSTARTSWITHBeth", "ad"),
    ("assignment_group=" + NETWORK_ID, "ad"),
    # Order.
    ("ORDERBYshort_description", "Gabd"),
    ("ORDERBYDESCimpact^ORDERBYDESCshort_description", "Gdba"),
    ("category=network^ORDERBYDESCshort_description", "aG"),
    # What cannot be understood is dropped, and the rest stays.
    ("no_such_field=x", ALL), ("nonsense", ALL), ("^^^", ALL), ("", ALL),
    ("no_such_field=x^impact=1", "a"),
    ("impact=1^no_such.way=x", "a"),
    ("impactFROBNICATES1", ALL),
    ("category=network^NQno_such=1", "aG"),
)


class QueriesTest(SnowTest):

    def setUp(self):
        super().setUp()
        for name, category, impact, key, group in ROWS:
            self.create(short_description=name, category=category,
                        impact=impact, correlation_id=key,
                        assignment_group=group)

    def found(self, query=None, **parameters):
        return "".join(LETTERS[row["short_description"]]
                       for row in self.find(query=query, **parameters))

    def test_every_operator(self):
        for query, expected in CASES:
            with self.subTest(query):
                self.assertEqual(self.found(query), expected)

    def test_records_that_are_related(self):
        self.create("problem", short_description="p", assignment_group=NETWORK_ID)
        self.assertEqual(
            [row["name"] for row in self.find(
                "sys_user_group",
                "RLQUERYproblem.assignment_group,>=1^ENDRLQUERY")],
            ["Network"])

    def test_filters_by_name(self):
        self.assertEqual(self.found(category="network"), "aG")
        self.assertEqual(self.found(category="network", impact="1"), "a")
        # By what is shown, too.
        self.assertEqual(self.found(assignment_group="Network"), "ad")
        self.assertEqual(self.found(impact="1 - High"), "a")

    def test_values_are_encoded_once(self):
        self.create(short_description="alpha", correlation_id="a|b&c=d+e f%g")
        self.assertEqual(len(self.find(query="correlation_id=a|b&c=d+e f%g")), 1)


class StrictTest(SnowTest):

    FLAGS = ("--invalid-query-returns-no-rows", "true")

    def test_the_property_that_changes_it(self):
        self.create()
        self.assertEqual(self.find(query="no_such=x"), [])
        self.assertEqual(len(self.find(query="active=true")), 1)
        reply = self.snow.call("GET", TABLE + "incident")
        self.assertEqual(len(reply.json()["result"]), 1)


if __name__ == "__main__":
    main()
