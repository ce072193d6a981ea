"""The features of this build, from the lowest rank up: the explicit list that everything is made from."""

from pathlib import Path

from amana import events, storage
from amana.compliance import FEATURE as COMPLIANCE
from amana.conversations import FEATURE as CONVERSATIONS
from amana.events.batcher import LIMITS as BATCHER_LIMITS
from amana.evidence.feature import FEATURE as EVIDENCE
from amana.http.errors import REFUSALS as HTTP_REFUSALS
from amana.http.settings import LIMITS as HTTP_LIMITS
from amana.kernel.feature import Feature
from amana.people import FEATURE as PEOPLE
from amana.realtime import admission, hub, session
from amana.storage.jobs import LIMITS as JOB_LIMITS
from amana.vault import FEATURE as VAULT

# The foundations have no routes of their own; they declare only what generated pages need of them.
FEATURES: tuple[Feature, ...] = (
    Feature(name="storage", limits=JOB_LIMITS, schema=Path(storage.__file__).parent / "schema"),
    Feature(name="http", limits=HTTP_LIMITS, refusals=HTTP_REFUSALS),
    VAULT,
    Feature(name="events", limits=BATCHER_LIMITS, schema=Path(events.__file__).parent / "schema"),
    EVIDENCE,
    Feature(name="realtime", limits=(*session.LIMITS, *hub.LIMITS, *admission.LIMITS)),
    PEOPLE,
    CONVERSATIONS,
    COMPLIANCE,
)

SCHEMAS = tuple(feature.schema for feature in FEATURES if feature.schema is not None)
