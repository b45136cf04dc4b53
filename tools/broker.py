"""A RabbitMQ for `make up BUS=amqp`: a background process that starts it and stops it when it is stopped itself."""

from __future__ import annotations

import os
import signal
import sys
import threading

from shared.testing.rabbitmq import BrokerUnavailable, RabbitMQ
from tools.processes import Component
from tools.sources import ROOT

FOLDER = ROOT / ".lianxiao" / "broker"
URL_FILE = FOLDER / "url"


def component() -> Component:
    """Return the process that `make up` starts; it is ready when it has written its address."""
    URL_FILE.unlink(missing_ok=True)
    return Component("broker", (sys.executable, "-m", "tools.broker"), dict(os.environ), URL_FILE.exists)


def main() -> int:
    """Run until SIGTERM."""
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    broker = RabbitMQ(FOLDER)
    try:
        broker.start()
    except (BrokerUnavailable, TimeoutError) as error:
        print(error, file=sys.stderr)
        return 1
    draft = URL_FILE.with_name("url.draft")
    draft.write_text(broker.url)
    draft.rename(URL_FILE)
    done.wait()
    broker.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
