"""Operations and findings as pages send them."""

from __future__ import annotations

import json

import pytest
import shapely

from gis import plan_edit, plan_words
from gis.errors import BadInput
from gis.plan_findings import Finding
from gis.terms_plan import FindingKind

LINE = shapely.LineString([(114.1, 30.25), (114.5, 30.5)])
GROUND = shapely.box(114, 30, 114.5, 30.5)
ALL = [
    plan_edit.Split("A", LINE),
    plan_edit.SplitUnits("A", ("b1", "b2")),
    plan_edit.Merge(("A", "B")),
    plan_edit.Merge(("A", "B"), into="B"),
    plan_edit.MoveBoundary(("A", "B"), shapely.MultiLineString([LINE])),
    plan_edit.MoveCorner((114.5, 30.0), (114.25, 30.0)),
    plan_edit.AddCorner((114.5, 30.0), (114.25, 30.0)),
    plan_edit.DropCorner((114.5, 30.0)),
    plan_edit.Hand(("b1", "b2"), "A"),
    plan_edit.Hand(("b1", "b2"), ("A", "B")),
    plan_edit.Give(GROUND, "A"),
    plan_edit.AddDedicated(GROUND, "中学"),
    plan_edit.Trim("A", shapely.MultiPolygon([GROUND])),
    plan_edit.Mend("A"),
    plan_edit.Snap(0.5),
    plan_edit.Rename("A", "桥头"),
    plan_edit.Recode("A", "B"),
]


@pytest.mark.parametrize("operation", ALL, ids=lambda one: type(one).__name__)
def test_an_operation_comes_back_as_it_was_sent(operation):
    sent = json.dumps(plan_words.told(operation))
    assert plan_words.read(json.loads(sent)) == operation


def test_every_operation_has_a_word():
    assert set(plan_words.KINDS.values()) == {type(one) for one in ALL}


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ({}, "no operation is called None; there are: split, split_units, merge"),
        ({"kind": "split", "cell": "A"}, "split needs line."),
        ({"kind": "mend", "cell": "A", "to": "B"}, "mend has no to; it has: cell."),
        ({"kind": "mend", "cell": 7}, "cell is a text, not 7."),
        ({"kind": "snap", "width_m": "1"}, "width_m is a number of metres, not '1'."),
        ({"kind": "merge", "cells": []}, "cells is a list of texts, not []."),
        ({"kind": "split", "cell": "A", "line": "x"}, "line is a LineString or MultiLineString in GeoJSON, not 'x'."),
        ({"kind": "give", "to": "A", "ground": LINE.__geo_interface__}, "ground is a Polygon or MultiPolygon, not a LineString."),
        ({"kind": "move_corner", "corner": [1], "to": [1, 2]}, "corner is [lon, lat], not [1]."),
        ({"kind": "add_corner", "corner": [1, 2], "to": "A"}, "to is [lon, lat], not 'A'."),
        ({"kind": "drop_corner"}, "drop_corner needs corner."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_sentence(payload, why):
    with pytest.raises(BadInput) as refused:
        plan_words.read(payload)
    assert str(refused.value).startswith(why)


def test_all_faults_are_told_at_once():
    with pytest.raises(BadInput) as refused:
        plan_words.read({"kind": "recode", "code": 1, "x": 2})
    assert sorted(refused.value.facts["faults"]) == [
        "code is a text, not 1",
        "recode has no x; it has: cell, code",
        "recode needs cell",
    ]


def test_a_finding_is_told_with_its_repair():
    repair = plan_edit.Give(GROUND, "A")
    finding = Finding(FindingKind.GAP, ("A",), 114.2, 30.2, GROUND, 7.125, "m²", "…", repair)
    told = json.loads(json.dumps(plan_words.finding_told(finding)))
    assert (told["kind"], told["label"], told["size"]) == ("gap", "空隙", 7.12)
    assert plan_words.read(told["repair"]) == repair
