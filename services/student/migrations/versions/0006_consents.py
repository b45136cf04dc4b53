"""The register of purposes and consents, and the gate before files of children under fourteen."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0006"
down_revision = "0005"

_TABLES = {
    "purpose_setting": """purpose text not null, enabled boolean not null, version text not null,
      valid_from_time timestamptz, assessment_id uuid,
      constraint uq_purpose_setting_purpose unique (institution_id, purpose)""",
    "purpose_notice": """purpose text not null, version text not null, text_zh text not null, text_en text not null,
      staff_id uuid not null, constraint uq_purpose_notice_version unique (institution_id, purpose, version)""",
    "impact_assessment": """purpose text not null, title text not null, necessity text not null, risks text not null,
      measures text not null, assess_date date not null, keep_until_date date not null, staff_id uuid not null""",
    "consent": """person_id uuid not null, purpose text not null, channel text not null, granted boolean not null,
      version text not null, guardian_id uuid, decide_time timestamptz not null,
      constraint uq_consent_word unique (institution_id, person_id, purpose, channel)""",
    "consent_entry": """person_id uuid not null, purpose text not null, channel text not null,
      granted boolean not null, version text not null, means text not null, guardian_id uuid,
      evidence_sha256 text not null, entry_sha256 text not null, decide_time timestamptz not null,
      staff_id uuid not null""",
}
# The same as rules/consents.py says: of what is unknown the latest counts, and the fourteenth birthday is still under.
_GATE = """
create function guardian_gate() returns trigger language plpgsql as $$
declare
  latest date;
  setting record;
begin
  if new.birth_year = 0 then
    return new;
  end if;
  latest := make_date(new.birth_year::int, coalesce(nullif(new.birth_month, 0), 12)::int, 1);
  latest := least(latest + (coalesce(nullif(new.birth_day, 0), 31)::int - 1),
    (latest + interval '1 month - 1 day')::date);
  if (new.update_time at time zone coalesce((select c.time_zone from campus c
      where c.institution_id = new.institution_id and c.id = new.campus_id), 'Asia/Shanghai'))::date
      > (latest + interval '14 years')::date then
    return new;
  end if;
  select s.enabled, s.valid_from_time into setting from purpose_setting s
    where s.institution_id = new.institution_id and s.purpose = 'child_file';
  if not coalesce(setting.enabled, false) then
    return new;
  end if;
  if not coalesce((select k.granted and k.guardian_id is not null
        and (setting.valid_from_time is null or k.decide_time >= setting.valid_from_time)
      from consent k where k.institution_id = new.institution_id and k.purpose = 'child_file' and k.channel = ''
        and (k.person_id = new.id or k.person_id in (select a.id from alias a
          where a.institution_id = new.institution_id and a.target_id = new.id and not a.undone))
      order by k.decide_time desc, k.granted limit 1), false) then
    raise exception 'student % is under fourteen and no guardian agreed', new.id
      using errcode = 'check_violation', constraint = 'ck_student_guardian_consent';
  end if;
  return new;
end $$
"""


def upgrade() -> None:
    """Create the tables and the gate."""
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_consent_entry_person on consent_entry (institution_id, person_id, decide_time desc)")
    op.execute("create index ix_impact_assessment_time on impact_assessment (institution_id, create_time desc)")
    protect(op, "purpose_setting")
    protect(op, "consent")
    for table in ("purpose_notice", "impact_assessment", "consent_entry"):
        protect(op, table, append_only=True)
    op.execute(_GATE)
    op.execute(
        "create trigger guardian_gate before insert or update of"
        " name_sealed, birth_year, birth_month, birth_day, gender, school, school_grade"
        " on student for each row execute function guardian_gate()"
    )


def downgrade() -> None:
    """Drop them."""
    op.execute("drop trigger guardian_gate on student")
    op.execute("drop function guardian_gate()")
    chassis.drop_tables(op, _TABLES)
