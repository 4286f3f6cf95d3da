"""Reads a job from standard input, puts the process's own filters up, makes the attempts, and prints what came of it.

A job: `acts`, a list of [name, arguments]; `filters`, which of the decoder's walls stand ("service", "limits",
"decoder"). The answer: a line of JSON, a list of [kind, told, got] in the order of the acts.
"""

import errno
import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from local.blast_radius.intruder import calls, decoder, files, network, requests, signing
from local.blast_radius.intruder.refusals import Refused

ACTS: dict[str, Callable[..., Any]] = {
    act.__name__: act
    for act in (
        files.read,
        files.write,
        files.plant,
        files.look_into,
        files.search,
        files.memory,
        decoder.signal_to,
        decoder.trace,
        decoder.run_a_program,
        decoder.fork,
        decoder.ring,
        decoder.take_memory,
        decoder.take_time,
        network.make_socket,
        network.reach,
        network.reach_socket,
        requests.ask,
        signing.sign,
        signing.sign_above_the_cap,
        calls.s3,
        calls.dynamodb,
        calls.iam,
    )
}


def main() -> None:
    """Do the job; whatever happens, one line is the answer."""
    job = json.loads(sys.stdin.read())
    print("begun", flush=True)  # what dies from here on was stopped by a wall, and not by our own start
    put_up(job["filters"])
    answers = [attempted(name, arguments) for name, arguments in job["acts"]]
    os.write(1, (json.dumps(answers) + "\n").encode())
    os._exit(0)  # behind the decoder's filter an interpreter cannot even end in good order


def put_up(filters: list[str]) -> None:
    """The decoder's own walls, by its own code: by name, for `local` must not import a service."""
    if not filters:
        return
    sandbox = importlib.import_module("image_service.sandbox")
    walls = {
        "service": sandbox.forbid_the_way_out,
        "limits": sandbox.limit_resources,
        "decoder": sandbox.keep_only_decoding,
    }
    for name in filters:
        walls[name]()


def attempted(name: str, arguments: dict[str, Any]) -> tuple[str, str, Any]:
    """One act's kind of end, what was met, and what came of it."""
    try:
        told, got = ACTS[name](**arguments)
    except Refused as refused:
        return "refused", str(refused), None
    except MemoryError:
        return "refused", "ENOMEM", None
    except OSError as fault:
        return "refused", errno.errorcode.get(fault.errno or 0, str(fault)), None
    except Exception as fault:
        return "not made", f"{type(fault).__name__}: {fault}"[:200], None
    return "came through", told, got


if __name__ == "__main__":
    main()
