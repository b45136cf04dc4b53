"""A server process of the chassis' own tests: `python -m tests.shared.server_process`."""

from __future__ import annotations

import os

from sqlalchemy.engine import make_url

from lianxiao.marketing.v1 import campaign_service_pb2 as pb
from lianxiao.marketing.v1 import campaign_service_pb2_grpc as grpc_pb
from shared.db import Database, Tx
from shared.ids import uuid7
from shared.rpc import Servicer, command
from shared.server import Server, run

WAITING_NAME = "waits for a lock"


class Campaigns(Servicer, grpc_pb.CampaignServiceServicer):
    """Writes things, one of them slowly."""

    @command
    def CreateCampaign(  # noqa: N802 - gRPC's name
        self, request: pb.CreateCampaignRequest, tx: Tx
    ) -> pb.CreateCampaignResponse:
        if request.name == WAITING_NAME:
            tx.run("select pg_advisory_xact_lock(4711)")
        tx.run(
            "insert into thing (institution_id, id, name) values (%s, %s, %s)",
            (str(tx.institution_id), str(uuid7()), request.name),
        )
        return pb.CreateCampaignResponse(campaign={"name": request.name})


def main() -> None:
    """Serve until told to end."""
    database = Database(make_url(os.environ["SERVER_TEST_URL"]), pool_size=4)
    servicers = [(grpc_pb.add_CampaignServiceServicer_to_server, Campaigns)]
    run(Server({"marketing": servicers}, {"marketing": database}), os.environ["SERVER_TEST_ADDRESS"])


if __name__ == "__main__":
    main()
