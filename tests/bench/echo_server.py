"""A bare gRPC server of the same kind as ours, which gives back what it gets.

`python -m tests.bench.echo_server PORT THREADS`
"""

from __future__ import annotations

import sys
from concurrent import futures

import grpc

from lianxiao.lead.v1.lead_service_pb2 import GetLeadRequest

METHOD = "/echo/Echo"


def main() -> None:
    """Serve until ended."""
    handler = grpc.unary_unary_rpc_method_handler(
        lambda request, _context: request, GetLeadRequest.FromString, GetLeadRequest.SerializeToString
    )
    server = grpc.server(futures.ThreadPoolExecutor(int(sys.argv[2])), options=(("grpc.so_reuseport", 0),))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("echo", {"Echo": handler}),))
    server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
