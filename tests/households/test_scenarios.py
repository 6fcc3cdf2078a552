"""Who lives with whom: readable tables, each titled by a sentence."""

from __future__ import annotations

import pytest

from tests.households.world import expected, groups_of, placed_of

SCENARIOS = {
    "a lone parent and her children are one household": (
        """
        Ann Smith | 1980-03-01 | dwp       | 12 High Street, LE1 1AA
        Bob Smith | 2005-03-01 | education | 12 High Street, LE1 1AA
        Cat Smith | 2008-03-01 | education | 12 High Street, LE1 1AA
        """,
        "Ann Smith, Bob Smith, Cat Smith",
    ),
    "unmarried parents with different surnames are one household": (
        """
        Ann Smith | 1980-03-01 | dwp       | 12 High Street, LE1 1AA
        Dan Jones | 1978-05-01 | probation | 12 High Street, LE1 1AA
        Bob Jones | 2005-03-01 | education | 12 High Street, LE1 1AA
        """,
        "Ann Smith, Dan Jones, Bob Jones",
    ),
    "a step-family is one household": (
        """
        Ann Smith | 1980-03-01 | dwp       | 12 High Street, LE1 1AA | sex=F
        Bob Smith | 2005-03-01 | education | 12 High Street, LE1 1AA |
        Dan Jones | 1978-05-01 | dwp       | 12 High Street, LE1 1AA | sex=M
        Eve Jones | 2004-03-01 | education | 12 High Street, LE1 1AA |
        """,
        "Ann Smith, Bob Smith, Dan Jones, Eve Jones",
    ),
    "three generations under one roof are one household": (
        """
        Gwen Brown  | 1950-03-01 | residents | 12 High Street, LE1 1AA | sex=F
        Hugh Brown  | 1948-03-01 | residents | 12 High Street, LE1 1AA | sex=M
        Ann Smith   | 1980-03-01 | dwp       | 12 High Street, LE1 1AA | sex=F
        Dan Smith   | 1978-03-01 | dwp       | 12 High Street, LE1 1AA | sex=M
        Bob Smith   | 2005-03-01 | education | 12 High Street, LE1 1AA |
        """,
        "Gwen Brown, Hugh Brown, Ann Smith, Dan Smith, Bob Smith",
    ),
    "two couples with children behind one number are two households": (
        """
        Ann Smith  | 1980-03-01 | dwp       | 12 High Street, LE1 1AA | sex=F
        Dan Smith  | 1978-03-01 | dwp       | 12 High Street, LE1 1AA | sex=M
        Bob Smith  | 2005-03-01 | education | 12 High Street, LE1 1AA |
        Fay Jones  | 1982-03-01 | dwp       | 12 High Street, LE1 1AA | sex=F
        Guy Jones  | 1981-03-01 | dwp       | 12 High Street, LE1 1AA | sex=M
        Ivy Jones  | 2006-03-01 | education | 12 High Street, LE1 1AA |
        """,
        "Ann Smith, Dan Smith, Bob Smith / Fay Jones, Guy Jones, Ivy Jones",
    ),
    "two mothers with children behind one number are two households": (
        """
        Ann Smith  | 1980-03-01 | dwp       | 12 High Street, LE1 1AA | sex=F
        Bob Smith  | 2005-03-01 | education | 12 High Street, LE1 1AA |
        Fay Jones  | 1982-03-01 | dwp       | 12 High Street, LE1 1AA | sex=F
        Ivy Jones  | 2006-03-01 | education | 12 High Street, LE1 1AA |
        """,
        "Ann Smith, Bob Smith / Fay Jones, Ivy Jones",
    ),
    "single adults sharing a house live alone, each of them": (
        """
        Ann Smith  | 1980-03-01 | dwp       | 12 High Street, LE1 1AA
        Fay Jones  | 1982-03-01 | probation | 12 High Street, LE1 1AA
        Guy Brown  | 1985-03-01 | dwp       | 12 High Street, LE1 1AA
        Hal White  | 1990-03-01 | dwp       | 12 High Street, LE1 1AA
        """,
        "Ann Smith / Fay Jones / Guy Brown / Hal White",
    ),
    "a register with two tenants tells of two households": (
        """
        Ann Smith | 1980-03-01 | residents | 12 High Street, LE1 1AA | as=tenant
        Dan Jones | 1978-05-01 | residents | 12 High Street, LE1 1AA | as=tenant
        Bob Smith | 2005-03-01 | education | 12 High Street, LE1 1AA |
        Eve Jones | 2006-03-01 | education | 12 High Street, LE1 1AA |
        """,
        "Ann Smith, Bob Smith / Dan Jones, Eve Jones",
    ),
    "families in a refuge stay apart": (
        """
        Ann Smith | 1980-03-01 | dwp       | =Rose Refuge, 3 Low Road, LE1 1AB
        Bob Smith | 2005-03-01 | education | =Rose Refuge, 3 Low Road, LE1 1AB
        Fay Jones | 1982-03-01 | dwp       | =Rose Refuge, 3 Low Road, LE1 1AB
        Ivy Jones | 2006-03-01 | education | =Rose Refuge, 3 Low Road, LE1 1AB
        Kim Green | 1992-03-01 | dwp       | =Rose Refuge, 3 Low Road, LE1 1AB
        """,
        "Ann Smith, Bob Smith / Fay Jones, Ivy Jones / Kim Green",
    ),
    "unnumbered flats: families are told apart by surname, and a joint tenancy ties partners": (
        """
        Ann Smith  | 1980-03-01 | dwp       | 12 High Street, LE1 1AA |
        Bob Smith  | 2005-03-01 | education | 12 High Street, LE1 1AA |
        Fay Jones  | 1982-03-01 | dwp       | 12 High Street, LE1 1AA |
        Ivy Jones  | 2006-03-01 | education | 12 High Street, LE1 1AA |
        Jim Jones  | 2007-03-01 | education | 12 High Street, LE1 1AA |
        Kim Green  | 1992-03-01 | housing   | 12 High Street, LE1 1AA | row=77 part=0
        Lou White  | 1991-03-01 | housing   | 12 High Street, LE1 1AA | row=77 part=1
        Max Black  | 1960-03-01 | dwp       | 12 High Street, LE1 1AA |
        Ned Stone  | 1970-03-01 | dwp       | 12 High Street, LE1 1AA |
        """,
        "Ann Smith, Bob Smith / Fay Jones, Ivy Jones, Jim Jones / Kim Green, Lou White / Max Black / Ned Stone",
    ),
    "flats with numbers are different doors": (
        """
        Ann Smith | 1980-03-01 | dwp       | flat 1, 12 High Street, LE1 1AA
        Bob Smith | 2005-03-01 | education | flat 1, 12 High Street, LE1 1AA
        Fay Jones | 1982-03-01 | dwp       | flat 2, 12 High Street, LE1 1AA
        """,
        "Ann Smith, Bob Smith / Fay Jones",
    ),
    "a record without the flat goes to the person's own flat, or to the only kin's": (
        """
        Ann Smyth | 1980-03-01 | dwp       | flat 1, 12 High Street, LE1 1AA
        Ann Smyth | 1980-03-01 | probation | 12 High Street, LE1 1AA
        Bob Smyth | 2005-03-01 | education | 12 High Street, LE1 1AA
        Fay Jones | 1982-03-01 | dwp       | flat 2, 12 High Street, LE1 1AA
        """ + "".join(f"Xa{n} Filler{n} | 1970-01-01 | dwp | {n} Far Lane, LE3 1AA\n" for n in range(1, 300)),
        "Ann Smyth, Bob Smyth / Fay Jones / " + " / ".join(f"Xa{n} Filler{n}" for n in range(1, 300)),
    ),
    "a child of separated parents lives where its freshest trusted evidence says": (
        """
        Ann Smith | 1980-03-01 | dwp         | 12 High Street, LE1 1AA |
        Dan Smith | 1978-05-01 | dwp         | 4 Low Road, LE1 1AB     |
        Bob Smith | 2005-03-01 | education   | 12 High Street, LE1 1AA | seen=2013-08-31
        Bob Smith | 2005-03-01 | police_asb  | 4 Low Road, LE1 1AB     | seen=2012-12-01
        """,
        "Ann Smith, Bob Smith / Dan Smith",
    ),
    "who has left by the register is not counted there": (
        """
        Ann Smith | 1980-03-01 | residents | 12 High Street, LE1 1AA | to=2013-03-01
        Ann Smith | 1980-03-01 | residents | 4 Low Road, LE1 1AB     | from=2013-03-02
        Ann Smith | 1980-03-01 | dwp       | 12 High Street, LE1 1AA |
        Fay Jones | 1982-03-01 | dwp       | 12 High Street, LE1 1AA |
        """,
        "Ann Smith / Fay Jones",
    ),
    "who left for nobody knows where is not put with the people who live there now": (
        """
        Ann Smith | 1980-03-01 | residents | 12 High Street, LE1 1AA | to=2013-03-01
        Bob Smith | 2005-03-01 | residents | 12 High Street, LE1 1AA | to=2013-03-01
        Fay Jones | 1982-03-01 | residents | 12 High Street, LE1 1AA | from=2013-04-01
        """,
        "Ann Smith, Bob Smith / Fay Jones",
    ),
    "an address that ends on the batch date is still the home": (
        """
        Ann Smith | 1980-03-01 | residents | 12 High Street, LE1 1AA | to=2013-10-31
        Bob Smith | 2005-03-01 | education | 12 High Street, LE1 1AA |
        """,
        "Ann Smith, Bob Smith",
    ),
    "the latest address of one source replaces its earlier one": (
        """
        Bob Smith | 2005-03-01 | education | 12 High Street, LE1 1AA | seen=2012-12-31
        Bob Smith | 2005-03-01 | education | 4 Low Road, LE1 1AB     | seen=2013-08-31
        Ann Smith | 1980-03-01 | dwp       | 4 Low Road, LE1 1AB     |
        Fay Jones | 1982-03-01 | dwp       | 12 High Street, LE1 1AA |
        """,
        "Ann Smith, Bob Smith / Fay Jones",
    ),
    "a child known only at the old address follows the parent who moved": (
        """
        Ann Smith | 1980-03-01 | police_asb | 12 High Street, LE1 1AA | seen=2012-12-01
        Ann Smith | 1980-03-01 | dwp        | 4 Low Road, LE1 1AB     |
        Ann Smith | 1980-03-01 | residents  | 4 Low Road, LE1 1AB     | from=2013-03-01
        Bob Smith | 2005-03-01 | yos        | 12 High Street, LE1 1AA | seen=2012-12-01
        """,
        "Ann Smith, Bob Smith",
    ),
    "prison is nobody's home where another address is known": (
        """
        Ann Smith | 1980-03-01 | dwp        | 12 High Street, LE1 1AA |
        Dan Smith | 1978-05-01 | police_iom | hmp                     |
        Dan Smith | 1978-05-01 | police_asb | 12 High Street, LE1 1AA |
        Guy Brown | 1978-05-01 | probation  | hmp                     |
        """,
        "Ann Smith, Dan Smith / Guy Brown",
    ),
    "twins live together, and a father with his son of the same name": (
        """
        Tia Smith   | 2005-03-01 | education | 12 High Street, LE1 1AA
        Tom Smith   | 2005-03-01 | education | 12 High Street, LE1 1AA
        Sam Smith   | 1980-03-01 | dwp       | 12 High Street, LE1 1AA
        Sam Smith#2 | 2003-03-01 | yos       | 12 High Street, LE1 1AA
        """,
        "Tia Smith, Tom Smith, Sam Smith, Sam Smith#2",
    ),
    "people without an address live alone, unless a case ties them": (
        """
        Ann Smith | 1980-03-01 | dwp         | 12 High Street, LE1 1AA |
        Bob Smith | 2005-03-01 | social_care | none                    | ref=C1
        Cat Brown | 2007-03-01 | social_care | none                    | ref=C1
        Dan Smith | 1978-05-01 | police_iom  | nfa                     |
        """,
        "Ann Smith / Bob Smith, Cat Brown / Dan Smith",
    ),
    "a child on its sibling's case lives with the sibling": (
        """
        Ann Smith | 1980-03-01 | dwp         | 12 High Street, LE1 1AA |
        Bob Smith | 2005-03-01 | social_care | 12 High Street, LE1 1AA | ref=C1
        Cat Brown | 2007-03-01 | social_care | none                    | ref=C1
        """,
        "Ann Smith, Bob Smith, Cat Brown",
    ),
    "a registered family stays together at the registry's address": (
        """
        Ann Smith | 1980-03-01 | registry | 12 High Street, LE1 1AA | known_person=P-AAAAAAAA known_family=F-AAAAAAAA
        Bob Smith | 2005-03-01 | registry | none                    | known_person=P-BBBBBBBB known_family=F-AAAAAAAA
        """,
        "Ann Smith, Bob Smith",
    ),
    "neighbours with one surname in one street are two households": (
        """
        Ann Smith | 1980-03-01 | dwp       | 12 High Street, LE1 1AA
        Bob Smith | 2005-03-01 | education | 14 High Street, LE1 1AA
        """,
        "Ann Smith / Bob Smith",
    ),
    "strangers in a street without number stay apart, a family there stays together": (
        """
        Ann Smyth | 1980-03-01 | dwp       | High Street, LE1 1AA
        Bob Smyth | 2005-03-01 | education | High Street, LE1 1AA
        Fay Jones | 1982-03-01 | dwp       | High Street, LE1 1AA
        """ + "".join(f"Xa{n} Filler{n} | 1970-01-01 | dwp | {n} Far Lane, LE3 1AA\n" for n in range(1, 30)),
        "Ann Smyth, Bob Smyth / Fay Jones / " + " / ".join(f"Xa{n} Filler{n}" for n in range(1, 30)),
    ),
    "Singh and Kaur of one family are one household in a hostel": (
        """
        Jas Kaur  | 1980-03-01 | dwp       | =Abbey Hostel, 3 Low Road, LE1 1AB
        Raj Singh | 2005-03-01 | education | =Abbey Hostel, 3 Low Road, LE1 1AB
        Fay Jones | 1982-03-01 | dwp       | =Abbey Hostel, 3 Low Road, LE1 1AB
        """ + "".join(f"Xa{n} Filler{n} | 1970-01-01 | dwp | {n} Far Lane, LE3 1AA\n" for n in range(1, 30)),
        "Jas Kaur, Raj Singh / Fay Jones / " + " / ".join(f"Xa{n} Filler{n}" for n in range(1, 30)),
    ),
    "a child with both parents' surnames ties them in a hostel": (
        """
        Ann Smith       | 1980-03-01 | dwp       | =Abbey Hostel, 3 Low Road, LE1 1AB
        Dan Jones       | 1978-05-01 | dwp       | =Abbey Hostel, 3 Low Road, LE1 1AB
        Bob Smith Jones | 2005-03-01 | education | =Abbey Hostel, 3 Low Road, LE1 1AB
        Kim Green       | 1992-03-01 | dwp       | =Abbey Hostel, 3 Low Road, LE1 1AB
        """ + "".join(f"Xa{n} Filler{n} | 1970-01-01 | dwp | {n} Far Lane, LE3 1AA\n" for n in range(1, 30)),
        "Ann Smith, Dan Jones, Bob Smith Jones / Kim Green / " + " / ".join(f"Xa{n} Filler{n}" for n in range(1, 30)),
    ),
    "people who came to a door on one day by the register are one household, whatever their names": (
        """
        Ann Smith | 1980-03-01 | residents | 12 High Street, LE1 1AA | from=2013-07-23
        Gus Smith | 1978-03-01 | residents | 12 High Street, LE1 1AA | from=2013-07-23
        Bob Booth | 2000-03-01 | residents | 12 High Street, LE1 1AA | from=2013-07-23
        Cat Booth | 1992-03-01 | residents | 12 High Street, LE1 1AA | from=2013-07-23
        Fay Jones | 1982-03-01 | residents | 12 High Street, LE1 1AA | from=2011-01-02
        Guy Jones | 1981-03-01 | residents | 12 High Street, LE1 1AA | from=2011-01-02
        Ivy Jones | 2006-03-01 | education | 12 High Street, LE1 1AA |
        """,
        "Ann Smith, Gus Smith, Bob Booth, Cat Booth / Fay Jones, Guy Jones, Ivy Jones",
    ),
    "a grown child who is a tenant too is a household of its own": (
        """
        Ann Smith | 1960-03-01 | residents | 12 High Street, LE1 1AA | as=tenant
        Gus Smith | 1958-03-01 | residents | 12 High Street, LE1 1AA | as=partner
        Bob Smith | 1990-03-01 | residents | 12 High Street, LE1 1AA | as=tenant
        Cat Smith | 1992-03-01 | residents | 12 High Street, LE1 1AA | as=daughter
        """,
        "Ann Smith, Gus Smith, Cat Smith / Bob Smith",
    ),
    "who was left behind in the register follows the family, by the date on which it moved": (
        """
        Ann Smyth | 1980-03-01 | residents | 12 High Street, LE1 1AA | to=2013-03-01
        Ann Smyth | 1980-03-01 | residents | 4 Low Road, LE1 1AB     | from=2013-03-02
        Bob Smyth | 2005-03-01 | education | 4 Low Road, LE1 1AB     | seen=2013-08-31
        Gus Smyth | 1978-03-01 | residents | 12 High Street, LE1 1AA |
        """,
        "Ann Smyth, Bob Smyth, Gus Smyth",
    ),
    "who was seen at the old door after the others left stays there": (
        """
        Ann Smyth | 1980-03-01 | residents | 12 High Street, LE1 1AA | to=2013-03-01
        Ann Smyth | 1980-03-01 | residents | 4 Low Road, LE1 1AB     | from=2013-03-02
        Bob Smyth | 2005-03-01 | education | 4 Low Road, LE1 1AB     | seen=2013-08-31
        Gus Smyth | 1978-03-01 | dwp       | 12 High Street, LE1 1AA | seen=2013-10-31
        """,
        "Ann Smyth, Bob Smyth / Gus Smyth",
    ),
    "parents do not follow a grown child who leaves home": (
        """
        Ann Smyth | 1960-03-01 | residents | 12 High Street, LE1 1AA |
        Bob Smyth | 1992-03-01 | residents | 12 High Street, LE1 1AA | to=2013-03-01
        Bob Smyth | 1992-03-01 | residents | 4 Low Road, LE1 1AB     | from=2013-03-02
        """,
        "Ann Smyth / Bob Smyth",
    ),
    "who left with others, and is known nowhere since, is where the others are now": (
        """
        Ann Smyth | 1960-03-01 | residents | 12 High Street, LE1 1AA | to=2013-03-01
        Ann Smyth | 1960-03-01 | residents | 4 Low Road, LE1 1AB     | from=2013-03-02
        Cat Brown | 1992-03-01 | residents | 12 High Street, LE1 1AA | to=2013-03-01
        Fay Jones | 1992-03-01 | residents | 12 High Street, LE1 1AA | to=2012-12-01
        """,
        "Ann Smyth, Cat Brown / Fay Jones",
    ),
    "at a crowded door a partner joins the one tenant without a partner": (
        """
        Ann Smyth | 1980-03-01 | residents | =Abbey Hostel, 3 Low Road, LE1 1AB | as=tenant sex=F
        Dan Jones | 1978-05-01 | residents | =Abbey Hostel, 3 Low Road, LE1 1AB | as=partner sex=M
        Kim Green | 1950-03-01 | residents | =Abbey Hostel, 3 Low Road, LE1 1AB | as=tenant sex=F
        Max Black | 1979-03-01 | dwp       | =Abbey Hostel, 3 Low Road, LE1 1AB | sex=M
        """,
        "Ann Smyth, Dan Jones / Kim Green / Max Black",
    ),
    "another family's children behind an unnumbered door are not given to a stranger with children": (
        """
        Ann Smyth | 1980-03-01 | dwp       | 12 High Street, LE1 1AA         |
        Bob Smyth | 2005-03-01 | education | 12 High Street, LE1 1AA         |
        Cat Brown | 2006-03-01 | education | 12 High Street, LE1 1AA         |
        Fay Jones | 1992-03-01 | dwp       | flat 2, 12 High Street, LE1 1AA |
        """ + "".join(f"Xa{n} Filler{n} | 1970-01-01 | dwp | {n} Far Lane, LE3 1AA\n" for n in range(1, 30)),
        "Ann Smyth, Bob Smyth / Cat Brown / Fay Jones / " + " / ".join(f"Xa{n} Filler{n}" for n in range(1, 30)),
    ),
    "Hospital Road is a road": (
        """
        Ann Smith | 1980-03-01 | dwp | 6 Hospital Road, LE1 1AA
        Dan Jones | 1978-05-01 | dwp | 6 Hospital Road, LE1 1AA
        """,
        "Ann Smith, Dan Jones",
    ),
    "Kowalska and Kowalski are one name": (
        """
        Ewa Kowalska | 1980-03-01 | dwp       | =Abbey Hostel, 3 Low Road, LE1 1AB
        Jan Kowalski | 2005-03-01 | education | =Abbey Hostel, 3 Low Road, LE1 1AB
        Fay Jones    | 1992-03-01 | dwp       | =Abbey Hostel, 3 Low Road, LE1 1AB
        """ + "".join(f"Xa{n} Filler{n} | 1970-01-01 | dwp | {n} Far Lane, LE3 1AA\n" for n in range(1, 30)),
        "Ewa Kowalska, Jan Kowalski / Fay Jones / " + " / ".join(f"Xa{n} Filler{n}" for n in range(1, 30)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", SCENARIOS)
def test_households(title: str) -> None:
    table, groups = SCENARIOS[title]
    placed, names, _ = placed_of(table)
    assert groups_of(placed, names) == expected(groups)


def test_a_lodger_is_a_household_of_its_own_behind_a_crowded_door() -> None:
    placed, names, _ = placed_of(
        """
        Ann Smith | 1980-03-01 | residents | 12 High Street, LE1 1AA | as=tenant
        Dan Jones | 1978-05-01 | residents | 12 High Street, LE1 1AA | as=tenant
        Guy Brown | 1978-05-01 | residents | 12 High Street, LE1 1AA | as=lodger
        """
    )
    assert groups_of(placed, names) == expected("Ann Smith / Dan Jones / Guy Brown")


def test_a_default_date_of_a_register_ties_nobody() -> None:
    fillers = "".join(
        f"Xa{n} Filler{n} | 1970-01-01 | residents | {n} Far Lane, LE3 1AA | from=2010-04-01\n" for n in range(60)
    )
    placed, names, _ = placed_of(
        fillers
        + """
        Ann Smyth | 1980-03-01 | residents | =Abbey Hostel, 3 Low Road, LE1 1AB | from=2010-04-01
        Dan Jones | 1978-05-01 | residents | =Abbey Hostel, 3 Low Road, LE1 1AB | from=2010-04-01
        """
    )
    assert {frozenset({"Ann Smyth"}), frozenset({"Dan Jones"})} < groups_of(placed, names)
