"""The one table of what each route demands; `api.auth` asks it before any route is called.

What a viewer sees of an answer he may have, the row policies of the database decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from gis.access import Right


class Door(Enum):
    """Routes that demand no right."""

    OPEN = "nobody is asked who he is: files, and pages that hold no data"
    PUBLIC = "for everybody; the database shows each what he may see"
    SIGNED_IN = "for whoever is signed in, about himself"


@dataclass(frozen=True)
class ByName:
    """A route whose path names a kind: the rights each kind demands; the others are public."""

    parameter: str
    rights: dict[str, tuple[Right, ...]]

    def demands(self, path: dict[str, str]) -> tuple[Right, ...]:
        """The rights for this path; a file's suffix or a number does not matter."""
        kind = re.split("[.-]", path.get(self.parameter, "").lower())[0]
        return self.rights.get(kind, ())


Rule = Door | Right | ByName

OGC_READ = ByName("collection", {"cases": (Right.CASES,), "plan": (Right.PLAN,)})
OGC_EDIT = ByName(
    "collection",
    {"cases": (Right.CASES,), "plan": (Right.PLAN,), "facilities": (Right.COMMUNITY,)},
)
"""Of a collection that nobody edits here, the route says so to everybody."""

RULES: dict[tuple[str, str], Rule] = {
    # the map and the program
    ("GET", "/"): Door.OPEN,
    ("GET", "/map"): Door.OPEN,
    ("GET", "/style"): Door.OPEN,
    ("GET", "/worker"): Door.OPEN,
    ("GET", "/worker/sw.js"): Door.OPEN,
    ("GET", "/worker/manifest.webmanifest"): Door.OPEN,
    ("GET", "/worker/left"): Door.OPEN,
    ("GET", "/worker/key"): Door.SIGNED_IN,
    ("GET", "/desk"): Right.DISPATCH,
    ("GET", "/plan"): Right.PLAN,
    ("GET", "/editors"): Right.COMMUNITY,
    ("GET", "/work"): Door.PUBLIC,
    ("POST", "/view"): Door.OPEN,
    ("GET", "/static"): Door.OPEN,
    ("GET", "/openapi.json"): Door.OPEN,
    # layers and cells: counts, facilities, posts; cases only where the viewer's are
    ("GET", "/tiles/{layers}/{z}/{x}/{y}.mvt"): Door.PUBLIC,
    ("GET", "/tiles/{layers}.json"): Door.PUBLIC,
    ("GET", "/tiles/{layers}/style.json"): Door.PUBLIC,
    ("GET", "/qgis/wangge.qgz"): Door.PUBLIC,
    ("GET", "/qgis/{layer}.qml"): Door.PUBLIC,
    ("GET", "/layers/{layer}.geojson"): Door.PUBLIC,
    ("GET", "/overview"): Door.PUBLIC,
    ("GET", "/cells/search"): Door.PUBLIC,
    ("GET", "/divisions/search"): Door.PUBLIC,
    ("GET", "/cells/{code:path}"): Door.PUBLIC,
    ("GET", "/locate"): Door.PUBLIC,
    ("GET", "/catalogue"): Door.PUBLIC,
    ("GET", "/export/{name}"): ByName(
        "name",
        {
            "cases": (Right.CASES, Right.EXPORT),
            "dwellings": (Right.EXPORT,),
            "residents": (Right.PERSONS, Right.EXPORT_PERSONS),
        },
    ),
    ("GET", "/live"): Right.CASES,
    ("GET", "/dispatch/proposal"): Right.DISPATCH,
    ("POST", "/dispatch"): Right.DISPATCH,
    # the desk: api/routes/desk.py
    ("GET", "/desk/queue"): Right.CASES,
    ("POST", "/desk/inside"): Right.COUNTS,
    ("POST", "/desk/inside/cases"): Right.COUNTS,
    ("GET", "/desk/heat"): Right.CASES,
    ("POST", "/desk/notify"): Right.DISPATCH,
    ("GET", "/desk/export"): Right.EXPORT,
    ("POST", "/desk/assign"): Right.DISPATCH,
    ("GET", "/desk/responders"): Right.DISPATCH,
    ("GET", "/areas"): Right.COUNTS,
    ("POST", "/areas"): Right.DISPATCH,
    ("PUT", "/areas/{number}"): Right.DISPATCH,
    ("DELETE", "/areas/{number}"): Right.DISPATCH,
    # emergencies: api/routes/collections.py
    ("GET", "/collections"): Right.EMERGENCY,
    ("POST", "/collections"): Right.EMERGENCY,
    ("GET", "/collections/{number}"): Right.EMERGENCY,
    ("POST", "/collections/{number}/entries/{entry}"): Right.EMERGENCY,
    ("POST", "/collections/{number}/entries/{entry}/unmask"): Right.EMERGENCY,
    ("POST", "/collections/{number}/end"): Right.EMERGENCY,
    # plans: api/routes/plans.py, api/routes/plans_force.py
    ("GET", "/plans"): Right.PLAN,
    ("POST", "/plans"): Right.PLAN,
    ("GET", "/plans/{name:path}"): Right.PLAN,
    ("DELETE", "/plans/{name:path}"): Right.PLAN,
    ("GET", "/plans/{name:path}/cells"): Right.PLAN,
    ("GET", "/plans/{name:path}/units"): Right.PLAN,
    ("GET", "/plans/{name:path}/findings"): Right.PLAN,
    ("POST", "/plans/{name:path}/edits"): Right.PLAN,
    ("POST", "/plans/{name:path}/mend"): Right.PLAN,
    ("POST", "/plans/{name:path}/undo"): Right.PLAN,
    ("POST", "/plans/{name:path}/redo"): Right.PLAN,
    ("POST", "/plans/{name:path}/balance"): Right.PLAN,
    ("POST", "/plans/{name:path}/draw"): Right.PLAN,
    ("GET", "/plans/{name:path}/compare"): Right.PLAN,
    ("GET", "/plans/{name:path}/hand-over.xlsx"): Right.PLAN,
    ("GET", "/plans/{name:path}/consequences"): Right.PLAN,
    ("PUT", "/plans/{name:path}/publish_on"): Right.PLAN,
    ("GET", "/plans/{name:path}/export"): Right.PLAN,
    ("GET", "/cell-on"): Door.PUBLIC,
    ("GET", "/counts"): Right.COUNTS,
    # photographs: api/routes/photos.py; who reported a case adds to it by the report's request id
    ("POST", "/cases/{code:path}/photos"): Door.PUBLIC,
    ("GET", "/cases/{code:path}/photos"): Right.CASES,
    ("GET", "/cases/{code:path}/photos/{number}.jpg"): Right.CASES,
    ("GET", "/cases/{code:path}/photos/{number}/thumb.jpg"): Right.CASES,
    # signing in
    ("GET", "/sign-in"): Door.PUBLIC,
    ("POST", "/sign-in"): Door.PUBLIC,
    ("POST", "/sign-in/demo"): Door.PUBLIC,
    ("GET", "/sign-in/oidc"): Door.PUBLIC,
    ("GET", "/sign-in/oidc/back"): Door.PUBLIC,
    ("POST", "/sign-out"): Door.PUBLIC,
    ("GET", "/me"): Door.PUBLIC,
    ("POST", "/me/password"): Door.SIGNED_IN,
    ("POST", "/tokens"): Door.SIGNED_IN,
    ("DELETE", "/tokens/{number}"): Door.SIGNED_IN,
    # duty: who answers, who is there; api/routes/duty.py
    ("GET", "/cases/{code:path}/why"): Right.CASES,
    ("GET", "/cells/{code:path}/duty"): Door.PUBLIC,
    ("GET", "/duty/responsibilities"): Right.DUTY,
    ("POST", "/duty/responsibilities"): Right.DUTY,
    ("DELETE", "/duty/responsibilities/{number}"): Right.DUTY,
    ("GET", "/duty/workers/{code}"): Right.DUTY,
    ("PATCH", "/duty/workers/{code}"): Right.DUTY,
    ("POST", "/duty/workers/{code}/shifts"): Right.DUTY,
    ("DELETE", "/duty/shifts/{number}"): Right.DUTY,
    ("POST", "/duty/workers/{code}/absences"): Right.DUTY,
    ("DELETE", "/duty/absences/{number}"): Right.DUTY,
    ("GET", "/duty/units/{code}"): Right.DUTY,
    ("PUT", "/duty/units/{code}/hours"): Right.DUTY,
    ("PUT", "/duty/units/{code}/place"): Right.DUTY,
    ("GET", "/duty/members"): Right.DUTY,
    ("POST", "/duty/members"): Right.DUTY,
    ("POST", "/duty/members/{number}/unmask"): Right.DUTY,
    ("DELETE", "/duty/members/{number}"): Right.DUTY,
    # cases: anybody reports; api/routes/cases.py
    ("POST", "/cases"): Door.PUBLIC,
    ("GET", "/cases"): Right.CASES,
    ("GET", "/cases/{code:path}"): Right.CASES,
    ("GET", "/cases/{code:path}/moves"): Right.CASES,
    ("POST", "/cases/{code:path}/moves"): Right.CASES,
    ("POST", "/cases/{code:path}/contact"): Right.CASES,
    # whistles: api/routes/whistles.py
    ("GET", "/whistles"): Right.CASES,
    ("GET", "/cases/{code:path}/whistles"): Right.CASES,
    ("GET", "/cases/{code:path}/whistles/proposal"): Right.CASES,
    ("POST", "/cases/{code:path}/whistles"): Right.WHISTLE,
    ("POST", "/cases/{code:path}/whistles/{round}/approve"): Right.APPROVE,
    ("POST", "/cases/{code:path}/whistles/{round}/refuse"): Right.APPROVE,
    ("POST", "/cases/{code:path}/whistles/{round}/invite"): Right.WHISTLE,
    ("POST", "/cases/{code:path}/whistles/{round}/close"): Right.WHISTLE,
    ("POST", "/cases/{code:path}/whistles/{round}/parties/{party}/rate"): Right.WHISTLE,
    ("POST", "/cases/{code:path}/whistles/{round}/parties/{party}/{act}"): Right.ANSWER,
    ("POST", "/cases/{code:path}/whistles/{round}/meetings"): Right.WHISTLE,
    ("POST", "/cases/{code:path}/whistles/{round}/decisions"): Right.WHISTLE,
    ("POST", "/cases/{code:path}/whistles/{round}/tasks"): Right.WHISTLE,
    ("POST", "/cases/{code:path}/whistles/{round}/tasks/{task}/done"): Right.ANSWER,
    ("GET", "/indicators"): Right.CASES,
    # the worker's day and visits: api/routes/worker.py, api/routes/care.py
    ("GET", "/worker/day"): Right.CASES,
    ("GET", "/visits"): Right.PERSONS,
    ("POST", "/visits"): Right.EDIT_PERSONS,
    ("POST", "/visits/{number}/undo"): Right.EDIT_PERSONS,
    # the register: api/routes/register.py
    ("GET", "/register"): Right.PERSONS,
    ("GET", "/register/find"): Right.PERSONS,
    ("GET", "/register/homes"): Right.PERSONS,
    ("GET", "/register/households/{number}"): Right.PERSONS,
    ("GET", "/register/residents/{number}/history"): Right.PERSONS,
    ("GET", "/register/completeness"): Right.PERSONS,
    ("PATCH", "/register/residents/{number}"): Right.EDIT_PERSONS,
    ("POST", "/register/residents/{number}/unmask"): Right.UNMASK,
    ("POST", "/register/sheets"): Right.IMPORT,
    ("GET", "/register/templates/{kind}.xlsx"): Door.SIGNED_IN,
    ("GET", "/register/sheets/{number}/rows"): Right.EDIT_PERSONS,
    ("POST", "/register/rows/{number}"): Right.EDIT_PERSONS,
    ("DELETE", "/register/rows/{number}"): Right.EDIT_PERSONS,
    ("GET", "/register/decisions"): Right.DECIDE,
    ("POST", "/register/decisions/{number}"): Right.DECIDE,
    ("GET", "/register/duplicates"): Right.DECIDE,
    ("POST", "/register/merges"): Right.DECIDE,
    ("POST", "/register/merges/{number}/undo"): Right.DECIDE,
    # the community, to read: api/routes/community.py
    ("GET", "/community/home"): Door.PUBLIC,
    ("GET", "/community/notices"): Door.PUBLIC,
    ("GET", "/community/guides"): Door.PUBLIC,
    ("GET", "/community/guides/{number}"): Door.PUBLIC,
    ("GET", "/community/facilities"): Door.PUBLIC,
    ("GET", "/community/polls"): Door.PUBLIC,
    ("GET", "/community/meetings"): Door.PUBLIC,
    ("GET", "/community/advisers"): Door.PUBLIC,
    # what residents do there: api/routes/community_residents.py
    ("POST", "/community/voter"): Door.PUBLIC,
    ("DELETE", "/community/voter"): Door.PUBLIC,
    ("POST", "/community/polls/{number}/votes"): Door.PUBLIC,
    ("POST", "/community/questions"): Door.PUBLIC,
    ("POST", "/community/volunteers"): Door.PUBLIC,
    ("GET", "/follow/{code}"): Door.PUBLIC,
    # other systems: api/routes/open311.py; who reports has a key, which the route asks for
    ("GET", "/open311/discovery.{suffix}"): Door.PUBLIC,
    ("GET", "/open311/v2/services.{suffix}"): Door.PUBLIC,
    ("GET", "/open311/v2/services/{name}"): Door.PUBLIC,
    ("POST", "/open311/v2/requests.{suffix}"): Door.PUBLIC,
    ("GET", "/open311/v2/requests.{suffix}"): Door.PUBLIC,
    ("GET", "/open311/v2/requests/{name}"): Door.PUBLIC,
    ("GET", "/open311/v2/tokens/{name}"): Door.PUBLIC,
    # its editors: api/routes/community_edit.py
    ("POST", "/community/notices"): Right.COMMUNITY,
    ("PATCH", "/community/notices/{number}"): Right.COMMUNITY,
    ("POST", "/community/guides"): Right.COMMUNITY,
    ("PATCH", "/community/guides/{number}"): Right.COMMUNITY,
    ("POST", "/community/polls"): Right.COMMUNITY,
    ("PATCH", "/community/polls/{number}"): Right.COMMUNITY,
    ("POST", "/community/meetings"): Right.COMMUNITY,
    ("PATCH", "/community/meetings/{number}"): Right.COMMUNITY,
    ("POST", "/community/decisions"): Right.COMMUNITY,
    ("PATCH", "/community/decisions/{number}"): Right.COMMUNITY,
    ("GET", "/community/pages/{page}"): Right.COMMUNITY,
    ("DELETE", "/community/pages/{page}/{number}"): Right.COMMUNITY,
    ("POST", "/community/pages/{page}/{number}/restore"): Right.COMMUNITY,
    ("GET", "/community/pages/facilities"): Right.COMMUNITY,
    ("PATCH", "/community/facilities/{number}"): Right.COMMUNITY,
    ("POST", "/community/facilities"): Right.COMMUNITY,
    ("GET", "/community/charge"): Right.COMMUNITY,
    ("GET", "/community/work"): Right.COMMUNITY,
    ("GET", "/community/asked/{asked}"): Right.COMMUNITY,
    ("POST", "/community/questions/{number}/answer"): Right.COMMUNITY,
    ("POST", "/community/{asked}/{number}/decline"): Right.COMMUNITY,
    ("POST", "/community/applications/{number}/accept"): Right.COMMUNITY,
    ("POST", "/community/{asked}/{number}/contact"): Right.COMMUNITY,
    # OGC API: api/routes/ogc.py, ogc_items.py, ogc_edits.py, ogc_tiles.py
    ("GET", "/ogc"): Door.PUBLIC,
    ("GET", "/ogc/"): Door.PUBLIC,
    ("GET", "/ogc/api"): Door.PUBLIC,
    ("GET", "/ogc/conformance"): Door.PUBLIC,
    ("GET", "/ogc/collections"): Door.PUBLIC,
    ("GET", "/ogc/collections/{collection}"): OGC_READ,
    ("GET", "/ogc/collections/{collection}/queryables"): OGC_READ,
    ("GET", "/ogc/collections/{collection}/items"): OGC_READ,
    ("GET", "/ogc/collections/{collection}/items/{feature}"): OGC_READ,
    ("GET", "/ogc/tileMatrixSets"): Door.PUBLIC,
    ("GET", "/ogc/tileMatrixSets/{tiling}"): Door.PUBLIC,
    ("GET", "/ogc/collections/{collection}/tiles"): OGC_READ,
    ("GET", "/ogc/collections/{collection}/tiles/{tiling}"): OGC_READ,
    ("GET", "/ogc/collections/{collection}/tiles/{tiling}/{z}/{row}/{column}"): OGC_READ,
    ("OPTIONS", "/ogc/collections/{collection}/items"): OGC_READ,
    ("OPTIONS", "/ogc/collections/{collection}/items/{feature}"): OGC_READ,
    ("POST", "/ogc/collections/{collection}/items"): OGC_EDIT,
    ("PUT", "/ogc/collections/{collection}/items/{feature}"): OGC_EDIT,
    ("PATCH", "/ogc/collections/{collection}/items/{feature}"): OGC_EDIT,
    ("DELETE", "/ogc/collections/{collection}/items/{feature}"): OGC_EDIT,
}
"""Method and path, as the route was written → what it demands."""


def demands(rule: Rule, path: dict[str, str]) -> tuple[Right, ...]:
    """The rights a rule demands for a path."""
    if isinstance(rule, Right):
        return (rule,)
    return rule.demands(path) if isinstance(rule, ByName) else ()
