"""What the evidence domain declares.

Not in ``__init__``, as elsewhere: the domains above record without knowing that the log has routes.
"""

from pathlib import Path

from amana.evidence import cosigning_http
from amana.evidence.errors import NotInLog, PolicyWrong
from amana.evidence.http import ROUTES
from amana.kernel.feature import Feature

FEATURE = Feature(
    name="evidence",
    routes=(*ROUTES, *cosigning_http.ROUTES),
    refusals=(NotInLog, PolicyWrong),
    schema=Path(__file__).parent / "schema",
)
