"""The private broker is a real one: it keeps confirmed messages through a SIGKILL and listens on the loopback only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import amqp
import psutil
import pytest

from shared.testing.rabbitmq import BrokerUnavailable, RabbitMQ
from shared.testing.waiting import until

pytestmark = [pytest.mark.amqp, pytest.mark.slow]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    server = RabbitMQ(tmp_path_factory.mktemp("rabbitmq"))
    server.start()
    yield server
    server.stop()


@contextmanager
def channel_to(url: str) -> Iterator[amqp.Channel]:
    parts = urlsplit(url)
    connection = amqp.Connection(
        f"{parts.hostname}:{parts.port}", virtual_host=parts.path[1:] or "/", confirm_publish=True
    )
    connection.connect()
    try:
        yield connection.channel()
    finally:
        # A killed broker cannot say goodbye; the socket must go all the same.
        connection.collect()


def test_confirmed_messages_survive_a_kill(broker: RabbitMQ) -> None:
    url = broker.add_vhost("killed")
    with channel_to(url) as channel:
        channel.queue_declare("q", durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
        for number in range(20):
            channel.basic_publish(amqp.Message(str(number), delivery_mode=2), routing_key="q")
        broker.kill()
    with pytest.raises(ConnectionError), channel_to(url):
        pass
    broker.start()
    with channel_to(url) as channel:
        bodies = [until(lambda: channel.basic_get("q", no_ack=True), what="a message").body for _ in range(20)]
    assert bodies == [str(number) for number in range(20)]


def test_a_virtual_host_is_empty_when_added_again(broker: RabbitMQ) -> None:
    url = broker.add_vhost("again")
    with channel_to(url) as channel:
        channel.queue_declare("left_over", durable=True, auto_delete=False)
    assert [queue["name"] for queue in broker.queues("again")] == ["left_over"]
    broker.add_vhost("again")
    assert broker.queues("again") == []


def test_it_listens_on_the_loopback_address_only(broker: RabbitMQ) -> None:
    listening = {
        row.laddr.ip
        for process in psutil.process_iter()
        if str(broker.folder) in " ".join(_command(process))
        for row in process.net_connections(kind="inet")
        if row.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_a_wrong_command_says_what_was_wrong(broker: RabbitMQ) -> None:
    with pytest.raises(BrokerUnavailable, match="list_nothing"):
        broker.ctl("list_nothing")


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []
