"""CalendarService on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from lianxiao.scheduling.v1 import calendar_pb2
from lianxiao.scheduling.v1 import calendar_service_pb2 as pb
from lianxiao.scheduling.v1 import calendar_service_pb2_grpc as pb_grpc
from services.scheduling.actions import calendars
from services.scheduling.actions.calendars import Overview
from services.scheduling.rules.calendars import DayOff, SpecialDay, Term
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, local_date, optional_date, stored_word


class CalendarService(Servicer, pb_grpc.CalendarServiceServicer):
    """Calendars."""

    @query
    def GetPublicHolidays(self, request: pb.GetPublicHolidaysRequest, tx: Tx) -> pb.GetPublicHolidaysResponse:
        days, source = calendars.notice(tx, request.year)
        return pb.GetPublicHolidaysResponse(days=_special_days(days), known=bool(days), source=source)

    @command
    def ImportHolidayNotice(self, request: pb.ImportHolidayNoticeRequest, tx: Tx) -> pb.ImportHolidayNoticeResponse:
        days = [
            SpecialDay(_date(each.date, f"days[{n}].date"), each.name, each.is_off_day)
            for n, each in enumerate(request.days)
        ]
        known = calendars.import_notice(tx, request.year, days, " ".join(request.papers))
        return pb.ImportHolidayNoticeResponse(days=_special_days(known))

    @query
    def ListSchoolTerms(self, request: pb.ListSchoolTermsRequest, tx: Tx) -> pb.ListSchoolTermsResponse:
        return pb.ListSchoolTermsResponse(school_terms=_terms(calendars.terms(tx, request.city)))

    @command
    def SetSchoolTerms(self, request: pb.SetSchoolTermsRequest, tx: Tx) -> pb.SetSchoolTermsResponse:
        fresh = [_term(each, request.city, f"school_terms[{n}].") for n, each in enumerate(request.school_terms)]
        return pb.SetSchoolTermsResponse(school_terms=_terms(calendars.set_terms(tx, request.city, fresh)))

    @query
    def GetCampusCalendar(self, request: pb.GetCampusCalendarRequest, tx: Tx) -> pb.GetCampusCalendarResponse:
        start, end = optional_date(request, "start_date"), optional_date(request, "end_date")
        return _overview(calendars.overview(tx, as_uuid(request.campus_id), start, end))

    @command
    def SetCampusCalendar(self, request: pb.SetCampusCalendarRequest, tx: Tx) -> pb.SetCampusCalendarResponse:
        campus = calendars.set_campus(
            tx,
            as_uuid(request.campus_id),
            city=request.city,
            open_weekdays=[int(each) for each in request.open_weekdays],
            opens_on_public_holidays=request.opens_on_public_holidays,
        )
        return pb.SetCampusCalendarResponse(calendar=_overview(calendars.overview(tx, campus.id, None, None)))


def day_off_to_pb(each: DayOff) -> calendar_pb2.DayOff:
    """Return the wire form."""
    return calendar_pb2.DayOff(
        date=date_pb(each.day), reason=enum_value(calendar_pb2.DayOffReason, each.reason), name=each.name
    )


def _overview(found: Overview) -> pb.GetCampusCalendarResponse:
    campus = found.campus
    return pb.GetCampusCalendarResponse(
        city=campus.city or "",
        open_weekdays=campus.open_weekdays or (),
        opens_on_public_holidays=bool(campus.opens_on_public_holidays),
        time_zone=campus.time_zone,
        days_off=[day_off_to_pb(each) for each in found.days_off],
        unknown_years=found.unknown_years,
    )


def _special_days(days: Iterable[SpecialDay]) -> list[calendar_pb2.SpecialDay]:
    return [calendar_pb2.SpecialDay(date=date_pb(day.day), name=day.name, is_off_day=day.is_off) for day in days]


def _terms(found: Sequence[Term]) -> list[calendar_pb2.SchoolTerm]:
    return [
        calendar_pb2.SchoolTerm(
            kind=enum_value(calendar_pb2.SchoolTermKind, each.kind),
            name=each.name,
            start_date=date_pb(each.start_date),
            end_date=date_pb(each.end_date),
            city=each.city,
        )
        for each in found
    ]


def _term(value: calendar_pb2.SchoolTerm, city: str, place: str) -> Term:
    return Term(
        city,
        stored_word(calendar_pb2.SchoolTermKind, value.kind, f"{place}kind"),
        value.name,
        local_date(value.start_date, f"{place}start_date"),
        local_date(value.end_date, f"{place}end_date"),
    )


def _date(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(field, "there is no such date", "DATE_INVALID") from error
