#!/usr/bin/python3
"""Pyro4's generators as a contender of bench/streams: a server whose method yields integers, and a client that counts them.

  pyro_streams.py serve         says "ready URI" on stdout, and goes on until it is killed
  pyro_streams.py call URI      answers each line "ITEMS" on stdin by the nanoseconds that it took to read so many
"""
import sys
import time

import Pyro4


@Pyro4.expose
class Feed:
    def count(self, items):
        yield from range(items)


def serve():
    with Pyro4.Daemon(host="127.0.0.1") as daemon:
        uri = daemon.register(Feed())
        print("ready", uri, flush=True)
        daemon.requestLoop()


def call(uri):
    with Pyro4.Proxy(uri) as feed:
        feed._pyroBind()
        print("open", flush=True)
        for line in sys.stdin:
            items = int(line)
            began = time.monotonic_ns()
            total = sum(1 for _ in feed.count(items))
            took = time.monotonic_ns() - began
            if total != items:
                sys.exit(f"pyro_streams: {total} items instead of {items}")
            print(took, flush=True)


if len(sys.argv) == 2 and sys.argv[1] == "serve":
    serve()
elif len(sys.argv) == 3 and sys.argv[1] == "call":
    call(sys.argv[2])
else:
    sys.exit(__doc__)
