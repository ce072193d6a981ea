"""What the vault says no with."""

from amana.kernel.errors import Conflict, StartFailure


class RootKeyFailure(StartFailure):
    """The server cannot start with this root key: missing, unsafe, locked, damaged or another one's."""

    code = "root_key"


class KeyUnavailable(Conflict):
    """There is no usable key: it was never made, was destroyed, or its stored form was changed."""

    code = "key_unavailable"


class CannotUnwrap(Exception):
    """A stored key failed its authentication. Becomes ``KeyUnavailable`` or a damage report."""
