"""What is wrong with a plan: each finding with its place, its size and a repair to apply.

`check` asks all questions of `gis.plan_faults` and `gis.plan_fit`; nothing is changed.
"""

from __future__ import annotations

from collections.abc import Sequence

from gis import plan_faults, plan_fit, plan_local
from gis.plan import Plan
from gis.plan_findings import LIMITS, NO_BARRIERS, Barriers, Finding, Limits


def check(
    plan: Plan, *, limits: Limits = LIMITS, barriers: Barriers = NO_BARRIERS
) -> list[Finding]:
    """List all findings: those of the ground first, of each kind the largest first.

    Buildings are looked at where the plan has units with outlines, barriers where some are given,
    the edges of communities where these have outlines.
    """
    unlike = plan_faults.unlike_communities(plan)
    found = [
        *plan_faults.invalid(plan),
        *plan_faults.apart(plan),
        *plan_faults.overlaps(plan),
        *plan_faults.gaps(plan, limits, unlike),
        *plan_faults.slivers(plan, limits),
        *plan_faults.beyond(plan, unlike),
        *plan_fit.communities(plan),
        *plan_fit.buildings_cut(plan, limits),
        *plan_fit.households(plan, limits),
        *plan_fit.crossings(plan, limits, barriers),
        *plan_fit.codes(plan),
    ]
    order = {kind: at for at, kind in enumerate(dict.fromkeys(one.kind for one in found))}
    return sorted(found, key=lambda one: (order[one.kind], -one.size, one.cells))


def mend(plan: Plan, findings: Sequence[Finding]) -> tuple[Plan, list[tuple[Finding, str]]]:
    """Apply the repairs of findings one after the other.

    Returns:
        The plan, and the findings whose repair was refused, each with the reason.
    """
    repairs = [one.repair for one in findings if one.repair is not None]
    after, reasons = plan_local.applied(plan, repairs)
    why = iter(reasons)
    told = [(one, next(why) if one.repair else "nothing is proposed") for one in findings]
    return after, [(one, reason) for one, reason in told if reason is not None]
