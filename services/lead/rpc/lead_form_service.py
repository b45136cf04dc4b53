"""LeadFormService on the wire."""

from __future__ import annotations

from typing import Any

import grpc

from lianxiao.lead.v1 import lead_form_pb2
from lianxiao.lead.v1 import lead_form_service_pb2 as pb
from lianxiao.lead.v1 import lead_form_service_pb2_grpc as pb_grpc
from services.lead.actions import lead_forms, webhooks
from services.lead.actions.lead_forms import Submission
from services.lead.models import LeadForm, Webhook
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Servicer, call_of, command, query
from shared.wire_values import enum_value, id_text, optional_id, optional_instant, stored_word


class LeadFormService(Servicer, pb_grpc.LeadFormServiceServicer):
    """Public forms and webhooks."""

    @command
    def CreateLeadForm(self, request: pb.CreateLeadFormRequest, tx: Tx) -> pb.CreateLeadFormResponse:
        form = request.lead_form
        row = lead_forms.create(
            tx,
            campus_id=optional_id(form.campus_id),
            kind=stored_word(lead_form_pb2.LeadFormKind, form.kind or lead_form_pb2.LEAD_FORM_KIND_ENQUIRY, "kind"),
            campaign_id=optional_id(form.campaign_id),
            source=form.source,
            **_told(form, lead_forms.EDITABLE),
        )
        return pb.CreateLeadFormResponse(lead_form=to_pb(row))

    @query
    def ListLeadForms(self, request: pb.ListLeadFormsRequest, tx: Tx) -> pb.ListLeadFormsResponse:
        page = lead_forms.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListLeadFormsResponse(lead_forms=rows, next_page_token=page.next_page_token)

    @command
    def UpdateLeadForm(self, request: pb.UpdateLeadFormRequest, tx: Tx) -> pb.UpdateLeadFormResponse:
        form = request.lead_form
        names = named_fields(request.update_mask.paths, lead_forms.EDITABLE)
        form_id = _needed(form.lead_form_id, "lead_form.lead_form_id")
        return pb.UpdateLeadFormResponse(lead_form=to_pb(lead_forms.update(tx, form_id, _told(form, names))))

    @query
    def GetPublicForm(self, request: pb.GetPublicFormRequest, tx: Tx) -> pb.GetPublicFormResponse:
        form, token = lead_forms.show(tx, as_uuid(request.institution_id), as_uuid(request.lead_form_id))
        return pb.GetPublicFormResponse(
            name=form.name,
            fields=[lead_form_pb2.FormField(**each) for each in form.fields],
            consent_text=form.consent_text,
            consent_version=form.consent_version,
            places_left=form.capacity - form.taken if form.capacity else None,
            token=token,
        )

    def SubmitPublicForm(
        self, request: pb.SubmitPublicFormRequest, context: grpc.ServicerContext
    ) -> pb.SubmitPublicFormResponse:
        call = call_of(context)
        sent = Submission(
            token=request.token,
            answers={answer.name: answer.text for answer in request.answers},
            consent_version=request.consent_version,
            website=request.website,
            utm=dict(request.utm),
            first_utm=dict(request.first_utm),
            page=request.page,
            address=call.address,
        )

        def work(tx: Tx) -> pb.SubmitPublicFormResponse:
            form = lead_forms.submit(tx, as_uuid(request.institution_id), as_uuid(request.lead_form_id), sent)
            return pb.SubmitPublicFormResponse(name=form.name)

        return call.command(self.database, request, work, pb.SubmitPublicFormResponse)

    def CreateWebhook(
        self, request: pb.CreateWebhookRequest, context: grpc.ServicerContext
    ) -> pb.CreateWebhookResponse:
        """Add the secret to the reply after the transaction: replies are stored for repeats, secrets are not."""
        wanted, shown = request.webhook, ""

        def work(tx: Tx) -> pb.CreateWebhookResponse:
            nonlocal shown
            row, shown = webhooks.create(
                tx,
                name=wanted.name,
                campus_id=optional_id(wanted.campus_id),
                campaign_id=optional_id(wanted.campaign_id),
                source=wanted.source,
                mapping=dict(wanted.mapping),
            )
            return pb.CreateWebhookResponse(webhook=webhook_to_pb(row))

        response = call_of(context).command(self.database, request, work, pb.CreateWebhookResponse)
        response.secret = shown
        return response

    @query
    def ListWebhooks(self, request: pb.ListWebhooksRequest, tx: Tx) -> pb.ListWebhooksResponse:
        page = webhooks.LISTING.page(tx, request)
        rows = [webhook_to_pb(row) for row in page.rows]
        return pb.ListWebhooksResponse(webhooks=rows, next_page_token=page.next_page_token)

    @command
    def UpdateWebhook(self, request: pb.UpdateWebhookRequest, tx: Tx) -> pb.UpdateWebhookResponse:
        wanted = request.webhook
        told: dict[str, Any] = {"name": wanted.name, "mapping": dict(wanted.mapping), "paused": wanted.paused}
        names = named_fields(request.update_mask.paths, webhooks.EDITABLE)
        webhook_id = _needed(wanted.webhook_id, "webhook.webhook_id")
        row = webhooks.update(tx, webhook_id, {name: told[name] for name in names})
        return pb.UpdateWebhookResponse(webhook=webhook_to_pb(row))

    @command
    def ReceiveWebhook(self, request: pb.ReceiveWebhookRequest, tx: Tx) -> pb.ReceiveWebhookResponse:
        created = webhooks.receive(
            tx,
            as_uuid(request.institution_id),
            as_uuid(request.webhook_id),
            body=request.body,
            signature=request.signature,
            timestamp=request.timestamp,
            nonce=request.nonce,
        )
        return pb.ReceiveWebhookResponse(created=created)


def to_pb(row: LeadForm) -> lead_form_pb2.LeadForm:
    """Return the wire form."""
    return lead_form_pb2.LeadForm(
        lead_form_id=str(row.id),
        name=row.name,
        kind=enum_value(lead_form_pb2.LeadFormKind, row.kind),
        campus_id=str(row.campus_id),
        campaign_id=id_text(row.campaign_id),
        source=row.source,
        fields=[lead_form_pb2.FormField(**each) for each in row.fields],
        consent_text=row.consent_text,
        consent_version=row.consent_version,
        least_seconds=row.least_seconds,
        hourly_limit=row.hourly_limit,
        capacity=row.capacity,
        close_time=row.close_time,
        paused=row.paused,
        taken=row.taken,
        spam=row.spam,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def webhook_to_pb(row: Webhook) -> lead_form_pb2.Webhook:
    """Return the wire form of a webhook, without its secret."""
    return lead_form_pb2.Webhook(
        webhook_id=str(row.id),
        name=row.name,
        campus_id=str(row.campus_id),
        campaign_id=id_text(row.campaign_id),
        source=row.source,
        mapping=row.mapping,
        paused=row.paused,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _told(form: lead_form_pb2.LeadForm, names: Any) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(form, name) for name in names if name not in {"fields", "close_time"}}
    if "fields" in names:
        told["fields"] = [{"name": one.name, "label": one.label, "required": one.required} for one in form.fields]
    if "close_time" in names:
        told["close_time"] = optional_instant(form, "close_time")
    return told


def _needed(text: str, field: str) -> Any:
    if not text:
        raise InvalidInput(field, "an id is needed here")
    return as_uuid(text)
