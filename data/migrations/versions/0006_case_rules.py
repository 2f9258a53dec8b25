"""Cases: the database itself knows the moves: lawful events alone move a state.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"

RULES = """
CREATE TABLE case_step (
    move TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    needed_right TEXT,
    PRIMARY KEY (move, source, target)
);

CREATE FUNCTION case_event_lawful() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    step case_step;
    file case_file;
    is_app CONSTANT boolean := current_user = 'wangge_app';
    rights CONSTANT text[] := string_to_array(current_setting('wangge.rights', true), ',');
BEGIN
    IF is_app AND NEW.account IS DISTINCT FROM
       nullif(current_setting('wangge.account', true), '')::bigint THEN
        RAISE EXCEPTION 'an event is told by whoever makes it'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.move IN ('report', 'bring') AND is_app AND NOT coalesce(
           CASE NEW.move WHEN 'bring' THEN 'import' ELSE 'report' END = ANY (rights), false) THEN
        RAISE EXCEPTION 'the move % is not allowed', NEW.move
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT * INTO file FROM case_file WHERE id = NEW.case_id FOR UPDATE;
    IF NEW.source IS NULL AND file.state = NEW.target
       AND (NEW.move = 'bring' OR NEW.move = 'report' AND NEW.target = 'reported') THEN
        RETURN NEW;  -- it begins; `case_event_begins` sees that it begins once
    END IF;
    IF file.state IS DISTINCT FROM NEW.source THEN
        RAISE EXCEPTION 'case % is %, its event begins at %', NEW.case_id, file.state, NEW.source
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.move = 'bring' THEN
        RETURN NEW;  -- a sheet of another system says how far it is there
    END IF;
    SELECT * INTO step FROM case_step s
    WHERE s.move = NEW.move AND s.source = NEW.source AND s.target = NEW.target;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no % leads from % to %', NEW.move, NEW.source, NEW.target
            USING ERRCODE = 'check_violation';
    END IF;
    IF is_app AND NOT coalesce(step.needed_right = ANY (rights), false) THEN
        RAISE EXCEPTION 'the move % needs the right %', NEW.move, step.needed_right
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.move IN ('inspect', 'rework', 'close') AND NEW.account <> 0
       AND NEW.account = file.handled_by THEN
        RAISE EXCEPTION 'whoever handled a case does not inspect it'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

-- The state of a case is where its last event led; nothing else moves it. What time tells is no new
-- version: nobody's act is out of date for it.
CREATE FUNCTION case_event_moves() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE case_file SET state = NEW.target, changed_at = now(),
        version = version + (NEW.move NOT IN ('warn', 'overdue', 'escalate', 'late'))::int
    WHERE id = NEW.case_id;
    RETURN NULL;
END $$;

CREATE FUNCTION case_event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what happened to a case stays as it happened';
END $$;
CREATE TRIGGER case_event_stays BEFORE UPDATE OR TRUNCATE ON case_event
    FOR EACH STATEMENT EXECUTE FUNCTION case_event_stays();

-- The cases that lie with the viewer's worker or unit, wherever they are
CREATE FUNCTION cases_as_guest() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT f.id FROM case_file f
    WHERE f.state NOT IN ('closed', 'evaluated', 'void')
      AND f.unit_id = nullif(current_setting('wangge.unit', true), '')::bigint
    UNION SELECT f.id FROM case_file f
    WHERE f.state NOT IN ('closed', 'evaluated', 'void')
      AND f.worker_id = nullif(current_setting('wangge.worker', true), '')::bigint
$$;

-- One case more or less in a cell; whoever reports need not see the number
CREATE FUNCTION count_case(of_cell bigint, more_cases integer, more_open integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE cell_tally SET cases = cases + more_cases, open_cases = open_cases + more_open
    WHERE cell_id = of_cell
$$;

CREATE SEQUENCE case_number;
"""


def setting(name: str, kind: str) -> str:
    """A setting of the transaction; null where none was told."""
    return f"nullif(current_setting('wangge.{name}', true), '')::{kind}"


def right(name: str) -> str:
    """Whether the viewer has a right: asked once per query, not per row."""
    rights = "string_to_array(current_setting('wangge.rights', true), ',')"
    return f"(SELECT coalesce('{name}' = ANY ({rights}), false))"


IN_SCOPE = f"""(area_no BETWEEN {setting("low", "int8")} AND {setting("high", "int8")}
    AND CASE WHEN (SELECT {setting("areas", "text")}) IS NULL
                  OR area_no IN (SELECT one FROM unnest({setting("areas", "int8[]")}) one)
             THEN true END IS NOT NULL)"""
CASE = "EXISTS (SELECT FROM case_file f WHERE f.id = case_id)"
IS_GUEST = f"greatest({setting('unit', 'bigint')}, {setting('worker', 'bigint')}) > 0"
GUEST = f"""({right("cases")} AND id = ANY ((SELECT
    CASE WHEN {IS_GUEST} THEN ARRAY(SELECT cases_as_guest()) END)::bigint[]))"""
POLICIES: dict[str, dict[str, str]] = {
    "case_event": {"SELECT": CASE, "INSERT": f"{CASE} AND {right('cases')}"},
    "case_photo": {"SELECT": CASE, "INSERT": f"{CASE} AND {right('cases')}"},
}

# A report may come from anybody about anywhere; the state moves by events alone
GRANTS = f"""
GRANT SELECT ON case_class, case_condition, work_period, calendar_day, case_step TO wangge_app;
GRANT USAGE ON SEQUENCE case_number TO wangge_app;
REVOKE UPDATE, DELETE ON case_file FROM wangge_app;
DROP POLICY may_delete ON case_file;
CREATE POLICY begins_reported ON case_file AS RESTRICTIVE FOR INSERT TO wangge_app
    WITH CHECK (state = 'reported' OR {right("import")});
CREATE POLICY may_select_guest ON case_file FOR SELECT TO wangge_app USING {GUEST};
CREATE POLICY may_update_guest ON case_file FOR UPDATE TO wangge_app
    USING {GUEST} WITH CHECK {GUEST};
REVOKE EXECUTE ON FUNCTION case_event_stays(), case_event_lawful(),
    case_event_moves(), cases_as_guest(), count_case(bigint, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_as_guest(), count_case(bigint, integer, integer) TO wangge_app;
DO $$ BEGIN
    EXECUTE (SELECT format('GRANT UPDATE (%s) ON case_file TO wangge_app',
                           string_agg(quote_ident(attname), ', '))
             FROM pg_attribute
             WHERE attrelid = 'case_file'::regclass AND attnum > 0 AND NOT attisdropped
               AND attname NOT IN ('id', 'code', 'request_id', 'state'));
END $$;
"""

# Rows that stood before the rules are not asked by them
GUARD = """
CREATE TRIGGER case_event_lawful BEFORE INSERT ON case_event
    FOR EACH ROW EXECUTE FUNCTION case_event_lawful();
CREATE TRIGGER case_event_moves AFTER INSERT ON case_event
    FOR EACH ROW WHEN (NEW.source IS NOT NULL) EXECUTE FUNCTION case_event_moves();
"""


def _policies() -> str:
    lines = []
    for table, rules in POLICIES.items():
        lines.append(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        for act, rule in rules.items():
            clause = f"WITH CHECK ({rule})" if act == "INSERT" else f"USING ({rule})"
            lines.append(
                f"CREATE POLICY may_{act.lower()} ON {table} FOR {act} TO wangge_app {clause}"
            )
        lines.append(f"GRANT {', '.join(sorted(rules))} ON {table} TO wangge_app")
    return ";\n".join(lines)


GROUPS = {
    "@open": "reported verified filed dispatched handling feedback inspected suspended",
    "@all": "reported verified filed dispatched handling feedback inspected suspended closed "
    "evaluated void",
    "@work": "dispatched handling",
}
STEPS = """
settle accept @open
verify accept reported>verified
file accept reported>filed verified>filed
void accept reported>void verified>void filed>void
restore accept void>reported
join accept reported verified
part accept reported verified
dispatch dispatch filed>dispatched
recall dispatch dispatched>filed handling>filed
take handle dispatched>handling
assign handle @work
unassign handle @work
return handle dispatched>filed handling>filed
return dispatch filed>reported
return accept verified>reported
feedback handle handling>feedback
inspect inspect feedback>inspected
rework inspect feedback>handling inspected>handling
close inspect inspected>closed
follow inspect reported>closed verified>closed
evaluate inspect closed>evaluated
ask_extension handle @work
extend supervise @work
refuse_extension supervise @work
suspend supervise filed>suspended dispatched>suspended handling>suspended
resume supervise suspended>filed suspended>dispatched suspended>handling
supervise supervise @open
appeal handle @work feedback inspected closed
uphold supervise @open closed evaluated
reject supervise @open closed evaluated
note cases @all
warn - @open
overdue - @open
escalate - @open
whistle whistle filed @work
approve approve @all
refuse_whistle approve @all
invite whistle filed @work
claim answer @open
decline answer @open
arrive answer @open
finish answer @open
meet whistle @open
resolve whistle @open
follow_up answer @all
rate whistle @all
quiet whistle @all
late - @all
"""
"""`gis.cases.STEPS` as it was when this was written: a move, its right, its ways."""


def _steps() -> str:
    rows = []
    for line in STEPS.split("\n")[1:-1]:
        move, right_, *ways = line.split()
        for way in " ".join(GROUPS.get(one, one) for one in ways).split():
            source, _, target = way.partition(">")
            rows.append(
                (move, source, target or source, "NULL" if right_ == "-" else f"'{right_}'")
            )
    values = ", ".join(f"('{m}', '{s}', '{t}', {r})" for m, s, t, r in rows)
    return f"INSERT INTO case_step (move, source, target, needed_right) VALUES {values}"


def _run(sql: str) -> None:
    op.get_bind().exec_driver_sql(sql.replace("%", "%%"))


def upgrade() -> None:
    """Check every event."""
    for step in (RULES, _steps(), GRANTS, _policies(), GUARD):
        _run(step)


DOWN = f"""
DROP TRIGGER case_event_moves ON case_event;
DROP TRIGGER case_event_lawful ON case_event;
DROP TRIGGER case_event_stays ON case_event;
DROP POLICY begins_reported ON case_file;
DROP POLICY may_select_guest ON case_file;
DROP POLICY may_update_guest ON case_file;
DROP FUNCTION case_event_stays, case_event_lawful, case_event_moves, cases_as_guest, count_case;
DROP TABLE case_step;
DROP SEQUENCE case_number;
REVOKE ALL ON case_event, case_photo, case_class, case_condition, work_period, calendar_day
    FROM wangge_app;
DROP POLICY may_select ON case_event;
DROP POLICY may_insert ON case_event;
DROP POLICY may_select ON case_photo;
DROP POLICY may_insert ON case_photo;
GRANT UPDATE, DELETE ON case_file TO wangge_app;
CREATE POLICY may_delete ON case_file FOR DELETE TO wangge_app
    USING ({IN_SCOPE} AND {right("cases")});
"""


def downgrade() -> None:
    """Trust the program alone again."""
    _run(DOWN)
