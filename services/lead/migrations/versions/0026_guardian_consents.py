"""Guardians' consents to files of children under fourteen, and the gate before them."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0026"
down_revision = "0025"

_TABLES = {
    "purpose_setting": """purpose text not null, enabled boolean not null, valid_from_time timestamptz,
      constraint uq_purpose_setting_purpose unique (institution_id, purpose)""",
}
# The same as shared/birthdays.py says: of what is unknown the latest counts, the birthday itself is still under, and
# it is over when it is over everywhere.
_GATE = """
create function guardian_gate() returns trigger language plpgsql as $$
declare
  parts int[];
  latest date;
  setting record;
begin
  if new.birth_date = '' then
    return new;
  end if;
  parts := string_to_array(new.birth_date, '-')::int[];
  latest := make_date(parts[1], coalesce(parts[2], 12), 1);
  latest := least(latest + (coalesce(parts[3], 31) - 1), (latest + interval '1 month - 1 day')::date);
  if (new.update_time at time zone 'UTC' - interval '12 hours')::date > (latest + interval '14 years')::date then
    return new;
  end if;
  select s.enabled, s.valid_from_time into setting from purpose_setting s
    where s.institution_id = new.institution_id and s.purpose = 'child_file';
  if coalesce(setting.enabled, false) and (new.guardian_consent_time is null
      or (setting.valid_from_time is not null and new.guardian_consent_time < setting.valid_from_time)) then
    raise exception 'lead % is under fourteen and no guardian agreed', new.id
      using errcode = 'check_violation', constraint = 'ck_lead_guardian_consent';
  end if;
  return new;
end $$
"""


def upgrade() -> None:
    """Create the table, the column and the gate."""
    chassis.create_rows(op, _TABLES)
    protect(op, "purpose_setting")
    op.execute("alter table lead add column guardian_consent_time timestamptz")
    op.execute(_GATE)
    op.execute(
        "create trigger guardian_gate before insert or update of"
        " profile_sealed, birth_date, gender, school, school_grade"
        " on lead for each row execute function guardian_gate()"
    )


def downgrade() -> None:
    """Drop them."""
    op.execute("drop trigger guardian_gate on lead")
    op.execute("drop function guardian_gate()")
    op.execute("alter table lead drop column guardian_consent_time")
    chassis.drop_tables(op, _TABLES)
