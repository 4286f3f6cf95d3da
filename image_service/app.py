"""Puts the service together: configuration, warm-up, socket, filter, server. `python -m image_service.app`"""

import gc
import os
import sys
from collections.abc import Mapping

from image_service import listening, rehearsal, sandbox
from image_service.config import Config, ConfigurationFaulty
from image_service.logs import Log
from image_service.server import Server


def main(environment: Mapping[str, str]) -> int:
    """Serve until told to stop. Returns the exit code: 0, or 2 where it must not start."""
    try:
        sandbox.make_undumpable()
        config = Config.from_environment(environment)
        run(config)
    except ConfigurationFaulty as faulty:
        return _not_started(faulty.faults)
    except (sandbox.SandboxUnavailable, OSError) as error:
        return _not_started([str(error)])
    return 0


def run(config: Config) -> None:
    """Serve until told to stop. Raises SandboxUnavailable, or OSError where the socket cannot be made."""
    rehearsal.rehearse()
    listener, inode = listening.listen(config.socket)
    try:
        sandbox.forbid_the_way_out()
        gc.collect()
        gc.freeze()  # children share these pages
        log = Log(config.log_level)
        log.write("info", "listening", socket=str(config.socket), decoders=config.decoders)
        Server(listener, config.decoders, log).serve()
        log.write("info", "stopped")
    finally:
        listening.remove(config.socket, inode)


def _not_started(faults: list[str]) -> int:
    for fault in faults:
        print(f"image_service: {fault}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(os.environ))
