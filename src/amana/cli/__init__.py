"""The command line: one file per command."""

import os
import sys

from cyclopts import App

from amana import __version__
from amana.cli.admin import admin
from amana.cli.admin_witness import admin_witness
from amana.cli.backup import backup
from amana.cli.demo import demo
from amana.cli.doctor import doctor
from amana.cli.keys import keys
from amana.cli.next_log import next_log
from amana.cli.restore import restore
from amana.cli.serve import serve
from amana.cli.verify import evidence_export, verify
from amana.cli.witness import witness
from amana.kernel.errors import StartFailure

app = App(
    name="amana",
    version=__version__,
    help="Amana: a self-hosted messenger for organisations.",
    help_format="plaintext",
)
app.command(serve)
app.command(demo)
app.command(doctor)
app.command(admin)
admin.command(keys)
admin.command(admin_witness)
app.command(backup)
app.command(restore)
app.command(verify)
app.command(witness)
admin.command(evidence_export)
admin.command(next_log)


def main() -> None:
    """Run a command; a failure to start or to do it is one sentence and exit code 1, never a stack trace."""
    try:
        app()
    except StartFailure as failure:
        starting = sys.argv[1:2] in (["serve"], ["demo"])
        print(f"{'Amana cannot start' if starting else 'amana'}: {failure}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read the answer has seen enough; without this the interpreter would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
