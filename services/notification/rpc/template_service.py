"""TemplateService on the wire."""

from __future__ import annotations

from lianxiao.notification.v1 import message_pb2
from lianxiao.notification.v1 import template_service_pb2 as pb
from lianxiao.notification.v1 import template_service_pb2_grpc as pb_grpc
from services.notification.actions import templates
from services.notification.rules.templates import VARIABLES, Text
from shared.db import Tx
from shared.rpc import Servicer, command, query


class TemplateService(Servicer, pb_grpc.TemplateServiceServicer):
    """Texts of messages."""

    @query
    def ListTemplates(self, _request: pb.ListTemplatesRequest, tx: Tx) -> pb.ListTemplatesResponse:
        texts = sorted(templates.every(tx).items())
        return pb.ListTemplatesResponse(templates=[_to_pb(code, lang, text) for (code, lang), text in texts])

    @command
    def SetTemplate(self, request: pb.SetTemplateRequest, tx: Tx) -> pb.SetTemplateResponse:
        text = templates.put(tx, request.template_code, request.language, Text(request.subject, request.body))
        return pb.SetTemplateResponse(template=_to_pb(request.template_code, request.language, text))


def _to_pb(code: str, language: str, text: Text) -> message_pb2.Template:
    return message_pb2.Template(
        code=code, language=language, subject=text.subject, body=text.body, variables=VARIABLES[code]
    )
