"""The reader of FET files: what a file says, as it stands."""

from __future__ import annotations

import pytest

from services.scheduling.rules.timetabling.fet_files import FetFileError, read

FILE = """<?xml version="1.0" encoding="UTF-8"?>
<fet version="6.8.5">
<Days_List><Number_of_Days>2</Number_of_Days><Day><Name>周一</Name></Day><Day><Name>周二</Name></Day></Days_List>
<Hours_List><Number_of_Hours>2</Number_of_Hours><Hour><Name>08:00</Name></Hour><Hour><Name>09:00</Name></Hour></Hours_List>
<Teachers_List><Teacher><Name>李老师</Name></Teacher></Teachers_List>
<Students_List><Year><Name>初一</Name><Number_of_Students>40</Number_of_Students>
  <Group><Name>一班</Name><Number_of_Students>20</Number_of_Students>
    <Subgroup><Name>一班甲</Name></Subgroup><Subgroup><Name>一班乙</Name></Subgroup></Group>
  <Group><Name>二班</Name><Number_of_Students>20</Number_of_Students></Group></Year></Students_List>
<Activities_List>
  <Activity><Teacher>李老师</Teacher><Subject>数学</Subject><Students>一班</Students><Duration>2</Duration>
    <Id>7</Id><Activity_Group_Id>0</Activity_Group_Id><Active>true</Active></Activity>
  <Activity><Subject>英语</Subject><Duration>1</Duration><Id>8</Id><Active>false</Active></Activity>
</Activities_List>
<Rooms_List><Room><Name>101</Name><Capacity>30</Capacity><Virtual>false</Virtual></Room></Rooms_List>
<Time_Constraints_List>
  <ConstraintMinDaysBetweenActivities><Weight_Percentage>95</Weight_Percentage><Activity_Id>7</Activity_Id>
    <MinDays>1</MinDays><Active>true</Active></ConstraintMinDaysBetweenActivities>
  <ConstraintBreakTimes><Weight_Percentage>100</Weight_Percentage><Active>false</Active></ConstraintBreakTimes>
</Time_Constraints_List>
</fet>"""


def test_a_file_is_read_without_its_inactive_parts() -> None:
    found = read(FILE.encode())
    assert (found.days, found.hours, found.teachers) == (("周一", "周二"), ("08:00", "09:00"), ("李老师",))
    ((only,)) = found.activities
    assert (only.number, only.teachers, only.students, only.duration) == (7, ("李老师",), ("一班",), 2)
    assert found.leaves["初一"] == {"一班甲", "一班乙", "二班"}
    assert found.leaves["一班"] == {"一班甲", "一班乙"}
    ((constraint,)) = found.constraints
    assert (constraint.kind, constraint.weight) == ("MinDaysBetweenActivities", 95)
    assert (constraint.text("MinDays"), constraint.numbers("Activity_Id")) == ("1", [7])
    assert found.rooms == {"101": 30}
    assert found.slot("周二", "09:00") == 3


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no xml", "no XML"),
        (b"<html></html>", "no FET file"),
        (b"<fet></fet>", "no days"),
        (b'<!DOCTYPE fet [<!ENTITY a "b">]><fet/>', "entities"),
        ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE fet [<!ENTITY a "b">]><fet/>'.encode("utf-16"), "entities"),
        (b'<?xml version="1.0" encoding="none-such"?><fet/>', "no XML"),
        (FILE.replace("<Duration>2<", "<Duration>two<").encode(), "no whole number"),
    ],
)
def test_what_cannot_be_read_says_why(content: bytes, why: str) -> None:
    with pytest.raises(FetFileError, match=why):
        read(content)


def test_an_hour_that_is_not_defined_is_named() -> None:
    with pytest.raises(FetFileError, match="23:00"):
        read(FILE.encode()).slot("周一", "23:00")
