"""ContractTemplateService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import contract_template_pb2
from lianxiao.billing.v1 import contract_template_service_pb2 as pb
from lianxiao.billing.v1 import contract_template_service_pb2_grpc as pb_grpc
from services.billing.actions import contract_templates
from services.billing.models import ContractTemplate
from services.billing.rules import contract_templates as rules
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value


class ContractTemplateService(Servicer, pb_grpc.ContractTemplateServiceServicer):
    """Texts that contracts are made from."""

    @command
    def CreateContractTemplate(
        self, request: pb.CreateContractTemplateRequest, tx: Tx
    ) -> pb.CreateContractTemplateResponse:
        wanted = request.contract_template
        template = contract_templates.create(tx, code=wanted.code, name=wanted.name, body=wanted.body)
        return pb.CreateContractTemplateResponse(contract_template=to_pb(template))

    @query
    def GetContractTemplate(self, request: pb.GetContractTemplateRequest, tx: Tx) -> pb.GetContractTemplateResponse:
        template = contract_templates.get(tx, as_uuid(request.contract_template_id))
        return pb.GetContractTemplateResponse(contract_template=to_pb(template))

    @query
    def ListContractTemplates(
        self, request: pb.ListContractTemplatesRequest, tx: Tx
    ) -> pb.ListContractTemplatesResponse:
        page = contract_templates.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListContractTemplatesResponse(contract_templates=rows, next_page_token=page.next_page_token)

    @command
    def PublishContractTemplate(
        self, request: pb.PublishContractTemplateRequest, tx: Tx
    ) -> pb.PublishContractTemplateResponse:
        template = contract_templates.publish(tx, as_uuid(request.contract_template_id))
        return pb.PublishContractTemplateResponse(contract_template=to_pb(template))

    @query
    def ListContractTemplateExamples(
        self, _request: pb.ListContractTemplateExamplesRequest, _tx: Tx
    ) -> pb.ListContractTemplateExamplesResponse:
        shown = [
            contract_template_pb2.ContractTemplateExample(code=each.code, name=each.name, body=each.body)
            for each in contract_templates.examples()
        ]
        return pb.ListContractTemplateExamplesResponse(
            examples=shown,
            notice=contract_templates.notice(),
            known_variables=rules.KNOWN,
            told_variables=rules.TOLD,
        )


def to_pb(row: ContractTemplate) -> contract_template_pb2.ContractTemplate:
    """Return the wire form."""
    return contract_template_pb2.ContractTemplate(
        contract_template_id=str(row.id),
        code=row.code,
        version=row.version,
        name=row.name,
        body=row.body,
        state=enum_value(contract_template_pb2.ContractTemplateState, row.state),
        told_variables=[] if row.state == "draft" else rules.told_in(row.body),
        publish_time=row.publish_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )
