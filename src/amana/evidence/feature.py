"""What the evidence domain declares.

Not in ``__init__``, as elsewhere: the domains above record without knowing that the log has routes.
"""

from pathlib import Path

from amana.evidence import cosigning_http
from amana.evidence.errors import NotInLog, PolicyWrong
from amana.evidence.http import ROUTES
from amana.evidence.tlog.policy import MAX_POLICY_CHARACTERS, MAX_WITNESSES
from amana.kernel.feature import Feature
from amana.kernel.limits import Limit

FEATURE = Feature(
    name="evidence",
    routes=(*ROUTES, *cosigning_http.ROUTES),
    refusals=(NotInLog, PolicyWrong),
    limits=(
        Limit(
            "evidence.policy_characters",
            MAX_POLICY_CHARACTERS,
            "characters in a policy",
            "People read it, and everybody who is signed in may load it.",
        ),
        Limit(
            "evidence.policy_witnesses",
            MAX_WITNESSES,
            "witnesses in a policy",
            "Each is asked every ten seconds; the format asks for at least 32.",
        ),
    ),
    schema=Path(__file__).parent / "schema",
)
