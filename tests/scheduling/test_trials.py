import pytest
from sqlalchemy.exc import IntegrityError

from lianxiao.scheduling.v1.scheduling_events_pb2 import TrialBooked, TrialCancelled, TrialResultRecorded
from services.scheduling.actions import roll_calls, timetable, trials
from services.scheduling.actions.attendances import Mark
from services.scheduling.models import Trial
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, NotFound, Refused
from shared.ids import uuid7
from tests.scheduling import factories as make
from tests.scheduling.factories import START, hours
from tests.scheduling.outbox import published


def reason_of(tx: Tx, trial: Trial, *, attended: bool = True, result: str = "suitable") -> str:
    with pytest.raises(Refused) as error:
        trials.record_result(tx, trial.id, attended=attended, result=result, feedback="")
    return error.value.reason


def test_a_trial_takes_a_seat_of_a_real_lesson(tx: Tx) -> None:
    campus = make.campus(tx)
    lesson = make.lesson(tx, campus, groups=[make.class_group(tx, campus, led_by=make.teacher(tx), capacity=2)])
    guest = make.guest(child_name="韩梅梅")
    trial = make.trial(tx, lesson, by=guest)
    tx.session.expire_all()
    assert (trial.state, trial.lesson_start_time, lesson.seats_taken) == ("booked", START, 1)
    line = roll_calls.get(tx, lesson.id).lines[0]
    assert (line.student_id, line.display_name, line.trial) == (guest.customer_id, "韩梅梅", trial)
    event = published(tx, TrialBooked)[-1]
    assert (event.lead_id, event.lesson_id) == (str(guest.lead_id), str(lesson.id))
    assert event.teacher_id == str(lesson.teacher_id)


def test_members_and_trials_share_the_seats(tx: Tx) -> None:
    campus = make.campus(tx)
    group = make.class_group(tx, campus, led_by=make.teacher(tx), capacity=2)
    make.member(tx, group, make.student(tx, campus))
    lesson = make.lesson(tx, campus, groups=[group])
    make.trial(tx, lesson)
    with pytest.raises(Refused) as error:
        make.trial(tx, lesson)
    assert error.value.reason == "LESSON_FULL"


def test_a_child_has_one_trial_in_a_lesson_and_no_other_lesson_then(tx: Tx) -> None:
    campus = make.campus(tx)
    group = make.class_group(tx, campus, led_by=make.teacher(tx))
    lesson = make.lesson(tx, campus, groups=[group])
    guest = make.guest()
    make.trial(tx, lesson, by=guest)
    with pytest.raises(AlreadyExists) as twice:
        make.trial(tx, lesson, by=guest)
    assert twice.value.reason == "TRIAL_EXISTS"


def test_a_child_has_no_two_trials_at_once(tx: Tx) -> None:
    campus = make.campus(tx)
    one, two = make.lesson(tx, campus), make.lesson(tx, campus, start=START + hours(1))
    guest = make.guest()
    make.trial(tx, one, by=guest)
    with pytest.raises(Refused) as error:
        make.trial(tx, two, by=guest)
    assert error.value.reason == "LESSON_CONFLICT"
    assert error.value.info["lesson_id"] == str(one.id)


def test_there_are_no_trials_in_lessons_that_are_over_or_cancelled(tx: Tx) -> None:
    campus = make.campus(tx)
    over = make.lesson(tx, campus, start=tx.now - hours(3))
    gone = make.lesson(tx, campus)
    timetable.cancel(tx, gone.id, reason="停课")
    reasons = []
    for lesson in (over, gone):
        with pytest.raises(Refused) as error:
            make.trial(tx, lesson)
        reasons.append(error.value.reason)
    assert reasons == ["LESSON_ENDED", "LESSON_CANCELLED"]
    with pytest.raises(NotFound):
        trials.book(tx, make.guest(), lesson_id=uuid7())


def test_a_trial_closes_with_its_result(tx: Tx) -> None:
    campus = make.campus(tx)
    trial = make.trial(tx, make.lesson(tx, campus, start=tx.now - hours(1)))
    trials.record_result(tx, trial.id, attended=True, result="suitable", feedback="基础扎实")
    assert (trial.state, trial.attended, trial.result) == ("closed", True, "suitable")
    assert Trial.feedback.reveal(tx, trial) == "基础扎实"
    event = published(tx, TrialResultRecorded)[-1]
    assert (event.attended, event.result, event.feedback) == (True, "suitable", "基础扎实")
    assert reason_of(tx, trial) == "TRIAL_NOT_OPEN"


def test_the_database_lets_no_trial_close_without_a_result(tx: Tx) -> None:
    campus = make.campus(tx)
    trial = make.trial(tx, make.lesson(tx, campus))
    with pytest.raises(IntegrityError) as error:
        tx.run("update trial set state = 'closed', attended = true where id = %s", (str(trial.id),))
    assert "ck_trial_result" in str(error.value)


def test_a_result_is_not_recorded_before_the_day(tx: Tx) -> None:
    trial = make.trial(tx, make.lesson(tx, make.campus(tx)))
    assert reason_of(tx, trial) == "TRIAL_TOO_EARLY"


@pytest.mark.parametrize(("attended", "result"), [(True, "no_show"), (False, "suitable")])
def test_a_result_agrees_with_the_attendance(tx: Tx, *, attended: bool, result: str) -> None:
    trial = make.trial(tx, make.lesson(tx, make.campus(tx), start=tx.now - hours(1)))
    with pytest.raises(InvalidInput) as error:
        trials.record_result(tx, trial.id, attended=attended, result=result, feedback="")
    assert error.value.info["field"] == "result"


def test_a_cancelled_trial_gives_its_seat_back(tx: Tx) -> None:
    campus = make.campus(tx)
    lesson = make.lesson(tx, campus)
    guest = make.guest()
    trial = make.trial(tx, lesson, by=guest)
    trials.cancel(tx, trial.id, reason="孩子生病")
    tx.session.expire_all()
    assert (trial.state, lesson.seats_taken) == ("cancelled", 0)
    assert published(tx, TrialCancelled)[-1].reason == "孩子生病"
    again = make.trial(tx, lesson, by=guest)
    assert again.state == "booked"
    with pytest.raises(Refused) as error:
        trials.cancel(tx, trial.id, reason="再次")
    assert error.value.reason == "TRIAL_NOT_OPEN"


def test_a_roll_call_notes_whether_a_trial_came_and_charges_nothing(tx: Tx) -> None:
    campus = make.campus(tx)
    lesson = make.lesson(tx, campus, start=tx.now - hours(1))
    trial = make.trial(tx, lesson)
    sheet = roll_calls.confirm(tx, lesson.id, {trial.customer_id: Mark("late", 5)})
    assert (trial.attended, trial.state) == (True, "booked")
    assert sheet.lines[0].attendance is None
