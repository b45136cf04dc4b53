"""Importing this module first turns a process into a worker: eventlet replaces blocking calls, psycopg2's too."""

import eventlet

eventlet.monkey_patch()
