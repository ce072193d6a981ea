"""`amana doctor`: finds what is wrong with an installation and says what to type.

``gather`` looks at the machine and the server and fills a ``Probe``; every check is a pure function from
a ``Probe`` to one ``Finding``. What could not be looked at is None in the probe and ``unknown`` in the
finding: a doctor that cannot see says so.
"""

from amana.app.doctor.checks import examine
from amana.app.doctor.model import Finding, Level, Probe

__all__ = ["Finding", "Level", "Probe", "examine"]
