"""The certificate adds up, names no person, and is checked with the public key alone."""

from __future__ import annotations

import copy
import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from matcher.purge.certificate import (
    HandedOut,
    Issuer,
    Search,
    SupplyDeleted,
    issue,
    make,
    make_ended,
    read_public_key,
    to_bytes,
    verify_certificate,
)
from matcher.purge.reading import reading

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SUPPLIES = [
    SupplyDeleted("city_yos", "yos", "city", "a" * 64, 100, 7, 93, "removed, medium not proven"),
    SupplyDeleted("police", "police_asb", "", "b" * 64, 50, 0, 50, "removed, medium not proven"),
    SupplyDeleted("police", "police_iom", "", "c" * 64, 5, 5, 0, "already gone"),
]


ISSUER = Issuer(
    workspace="W-ABCDEFG2", version="0.1.0", operator_role="Programme information manager", controller="The council",
    audit_head=(9, "d" * 64), key=KEY, issued_at=dt.datetime(2013, 11, 4, 9, tzinfo=dt.UTC),
)  # fmt: skip
SEARCH = Search(canary_people=18, canary_values=130, sample_values=70, files=12, bytes=9000, findings=0)
LIST = HandedOut("outbox/2013-10-31-1/key-worker/city.xlsx", "city_team", "2013-11-04")


def certificate(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "batch": "2013-10-31-1", "as_at": dt.date(2013, 10, 31), "supplies": SUPPLIES, "search": SEARCH, "handed_out": [LIST],
    }  # fmt: skip
    return make(ISSUER, **values | changes)


def ended(**changes: Any) -> dict[str, Any]:
    nothing = [replace(supply, rows_kept=0, rows_deleted=supply.rows_received) for supply in SUPPLIES]
    values: dict[str, Any] = {
        "batch": "2013-10-31-1", "as_at": dt.date(2013, 10, 31), "ended": "expired", "supplies": nothing, "held_files": 17,
        "held_records": 40, "search": replace(SEARCH, sample_values=None), "files_left": ["dwp.csv"],
    }  # fmt: skip
    return make_ended(ISSUER, **values | changes)


def test_it_is_checked_after_a_journey_as_json_by_the_public_key_alone() -> None:
    travelled = json.loads(json.dumps(certificate(), indent=2))
    pem = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert verify_certificate(travelled, read_public_key(pem))


def test_it_adds_up_by_partner_and_says_what_stays_outside() -> None:
    made = certificate()
    assert made["partners"]["police"] == {"rows_received": 55, "rows_kept": 5, "rows_deleted": 50}
    assert made["total"] == {"rows_received": 155, "rows_kept": 12, "rows_deleted": 143}
    outside = " ".join(made["stays_outside"])
    assert all(word in outside for word in ("medium not proven", "Backups", "swap", "handed out"))


@pytest.mark.parametrize(
    ("kept", "gone"),
    [
        (
            certificate(kept_files=dict.fromkeys(["dwp.csv", "yos.csv", "iom.csv", "asb.csv"], "asked for")),
            certificate(),
        ),
        (ended(because="asked for", files_left=["dwp.csv", "yos.csv", "iom.csv", "asb.csv"]), ended(files_left=[])),
    ],
    ids=["sealed", "ended"],
)
def test_it_does_not_say_that_files_were_overwritten_that_were_kept(kept: dict[str, Any], gone: dict[str, Any]) -> None:
    told = {name: " ".join((made["how"], *made["stays_outside"])) for name, made in (("kept", kept), ("gone", gone))}
    assert "were not destroyed" in told["kept"] and "Received files were overwritten" not in told["kept"]
    assert "were not destroyed" not in told["gone"] and "Received files were overwritten" in told["gone"]
    assert ("asked for" in "\n".join(reading(kept))) and "dwp.csv" in "\n".join(reading(kept))


def test_it_tells_canaries_and_real_values_apart_and_says_when_there_were_none() -> None:
    made = certificate()["searched"]
    assert made["canaries"] == {"people": 18, "values": 130}
    assert made["real_sample"] == 70
    assert made["values"] == 200
    cut_off = certificate(search=replace(SEARCH, sample_values=None))["searched"]
    assert cut_off["real_sample"].startswith("none: the match was interrupted")
    assert cut_off["values"] == 130


def test_what_was_handed_out_is_listed_as_not_yet_confirmed() -> None:
    assert certificate()["handed_out"] == [
        {"file": LIST.file, "recipient": "city_team", "on": "2013-11-04", "state": "destruction not yet confirmed"}
    ]


def test_a_batch_that_ended_without_a_seal_keeps_nothing() -> None:
    made = json.loads(to_bytes(ended()))
    assert verify_certificate(made, KEY.public_key())
    assert made["kind"] == "ended"
    assert made["total"]["rows_deleted"] == made["total"]["rows_received"] == 155
    assert made["held"]["key"] == "destroyed first"
    with pytest.raises(ValueError, match="keeps no row"):
        ended(supplies=SUPPLIES)


def test_any_other_deletion_is_certified_alike() -> None:
    made = issue("retention", {"families": 3, "reason": "no_further_risk"}, ISSUER, how="overwritten in place")
    assert verify_certificate(json.loads(to_bytes(made)), KEY.public_key())
    assert made["families"] == 3
    assert made["stays_outside"]


def test_rows_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        certificate(supplies=[replace(SUPPLIES[0], rows_kept=8)])


@pytest.mark.parametrize("field", [name for name in certificate() if name != "signature"])
def test_any_change_breaks_it(field: str) -> None:
    changed = copy.deepcopy(certificate())
    changed[field] = "something else"
    assert not verify_certificate(changed, KEY.public_key())


def test_another_key_a_broken_or_missing_signature_and_an_added_field_break_it() -> None:
    made = certificate()
    assert not verify_certificate(made, Ed25519PrivateKey.generate().public_key())
    assert not verify_certificate(made | {"signature": "zz"}, KEY.public_key())
    assert not verify_certificate({n: v for n, v in made.items() if n != "signature"}, KEY.public_key())
    assert not verify_certificate(made | {"more": 1}, KEY.public_key())


def test_a_public_key_of_another_kind_is_refused() -> None:
    other = X25519PrivateKey.generate().public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    with pytest.raises(ValueError, match="not an Ed25519"):
        read_public_key(other)
