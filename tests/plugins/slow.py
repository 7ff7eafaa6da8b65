"""A provider whose resources take their time and leave files: the world that Pulumi's state must know.

`slow:index:Thing` has `seconds` and `folder`, where it writes `<name>.begun` and then `<name>`, each with the time.
Another `form` replaces it. With `fail` it takes the time and refuses with that text.
"""

import asyncio
import shlex
import sys
import time
from pathlib import Path

from pulumi.provider.experimental import provider as p

from local.paths import ROOT
from local.plugins.serving import RefusedError, serve
from local.plugins.values import plain_map, wrap_map


class SlowProvider(p.Provider):
    async def configure(self, request: p.ConfigureRequest) -> p.ConfigureResponse:
        return p.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def check(self, request: p.CheckRequest) -> p.CheckResponse:
        return p.CheckResponse(inputs=request.new_inputs, failures=[])

    async def diff(self, request: p.DiffRequest) -> p.DiffResponse:
        old, new = plain_map(request.old_state), plain_map(request.new_inputs)
        diffs = [key for key in new if old.get(key) != new[key]]
        return p.DiffResponse(changes=old != new, diffs=diffs, replaces=[key for key in diffs if key == "form"])

    async def create(self, request: p.CreateRequest) -> p.CreateResponse:
        name, inputs = request.urn.rpartition("::")[2], plain_map(request.properties)
        if not request.preview:
            (Path(inputs["folder"]) / f"{name}.begun").write_text(str(time.time()))
            await asyncio.sleep(inputs["seconds"])
            if inputs.get("fail"):
                raise RefusedError(inputs["fail"])
            (Path(inputs["folder"]) / name).write_text(str(time.time()))
        return p.CreateResponse(name, wrap_map(inputs, request.properties))

    async def update(self, request: p.UpdateRequest) -> p.UpdateResponse:
        return p.UpdateResponse(request.news)

    async def delete(self, request: p.DeleteRequest) -> None:
        pass


def provide(folder: Path) -> None:
    """Puts the plugin into a folder that is on PATH."""
    folder.mkdir()
    launcher = folder / "pulumi-resource-slow"
    command = f"{shlex.quote(sys.executable)} -m tests.plugins.slow"
    launcher.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {command} "$@"\n')
    launcher.chmod(0o755)


if __name__ == "__main__":
    serve("1.0.0", SlowProvider)
