"""The use cases of the people domain under the names other packages use."""

from amana.people.accounts import change_profile, change_role, list_people, me
from amana.people.invitations import join
from amana.people.sessions import authenticate, revoke, revoke_others, still_signed_in
from amana.people.setup import issue_setup_secret, set_up
from amana.people.sign_in import by_passkey, by_password

__all__ = [
    "authenticate",
    "by_passkey",
    "by_password",
    "change_profile",
    "change_role",
    "issue_setup_secret",
    "join",
    "list_people",
    "me",
    "revoke",
    "revoke_others",
    "set_up",
    "still_signed_in",
]
