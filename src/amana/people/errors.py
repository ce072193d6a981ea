"""Refusals of the people domain."""

from amana.kernel.errors import Busy, Conflict, Forbidden, Gone, Invalid, NotFound, Unauthenticated


class NameInvalid(Invalid):
    """A display name or organisation name that cannot be shown safely."""

    code = "name_invalid"

    def __init__(self, *, field: str, reason: str, max_characters: int) -> None:
        super().__init__(
            "This name cannot be used.", field=field, reason=reason, max_characters=max_characters
        )


class PasswordTooShort(Invalid):
    code = "password_too_short"

    def __init__(self, *, min_characters: int) -> None:
        super().__init__("The password is too short.", field="password", min_characters=min_characters)


class PasswordTooLong(Invalid):
    code = "password_too_long"

    def __init__(self, *, max_characters: int) -> None:
        super().__init__("The password is too long.", field="password", max_characters=max_characters)


class PasswordTooCommon(Invalid):
    """On the list that every attacker tries first, or made of the person's own name."""

    code = "password_too_common"

    def __init__(self) -> None:
        super().__init__("This password is easy to guess.", field="password")


class SignInMethodMissing(Invalid):
    """Neither a password nor a passkey: nobody could ever come back."""

    code = "sign_in_method_missing"

    def __init__(self) -> None:
        super().__init__("Choose a password or a passkey.")


class PasskeyRefused(Invalid):
    """The authenticator's answer did not verify, or its challenge was used up or expired."""

    code = "passkey_refused"

    def __init__(self) -> None:
        super().__init__("The passkey could not be verified.")


class PasskeyKnown(Conflict):
    """This credential is registered already."""

    code = "passkey_known"

    def __init__(self) -> None:
        super().__init__("This passkey is registered already.")


class PasskeyUnknown(NotFound):
    """None of the person's own."""

    code = "passkey_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such passkey.")


class LastSignInMethod(Conflict):
    """Without it nobody could sign in to this account again."""

    code = "last_sign_in_method"

    def __init__(self) -> None:
        super().__init__("This is the only way to sign in to this account.")


class ConfirmationRequired(Forbidden):
    """A new way to sign in is made only right after signing in, or with the password."""

    code = "confirmation_required"

    def __init__(self) -> None:
        super().__init__("Sign in again to do this.")


class SignInFailed(Unauthenticated):
    """Wrong name, wrong password, no such account: one answer for all."""

    code = "sign_in_failed"

    def __init__(self) -> None:
        super().__init__("Name or password is wrong.")


class SignInThrottled(Busy):
    """Too many failed attempts; the same for known and unknown names."""

    code = "sign_in_throttled"

    def __init__(self, *, retry_after_s: float) -> None:
        super().__init__("Too many attempts.", retry_after_s=retry_after_s)


class PasswordQueueFull(Busy):
    """More password checks are waiting than can be done soon."""

    code = "sign_in_busy"

    def __init__(self) -> None:
        super().__init__("Too many people sign in at this moment.", retry_after_s=2.0)


class NotSetUp(Conflict):
    """There is no organisation yet."""

    code = "not_set_up"

    def __init__(self) -> None:
        super().__init__("This installation is not set up yet.")


class SetupUnknown(NotFound):
    code = "setup_unknown"

    def __init__(self) -> None:
        super().__init__("This set-up link is not valid.")


class SetupUsed(Gone):
    """The organisation exists: no link makes a second one."""

    code = "setup_used"

    def __init__(self) -> None:
        super().__init__("This installation is set up already.")


class SetupExpired(Gone):
    code = "setup_expired"

    def __init__(self) -> None:
        super().__init__("The set-up link has expired.")


class InvitationUnknown(NotFound):
    code = "invitation_unknown"

    def __init__(self) -> None:
        super().__init__("There is no such invitation.")


class InvitationUsedUp(Gone):
    code = "invitation_used_up"

    def __init__(self) -> None:
        super().__init__("This invitation has been used already.")


class InvitationExpired(Gone):
    code = "invitation_expired"

    def __init__(self) -> None:
        super().__init__("This invitation has expired.")


class InvitationRevoked(Gone):
    code = "invitation_revoked"

    def __init__(self) -> None:
        super().__init__("This invitation was withdrawn.")


class RoleTooHigh(Forbidden):
    """Nobody gives a role above their own, and invitations never make owners."""

    code = "role_too_high"

    def __init__(self) -> None:
        super().__init__("You cannot give this role.")


class LastOwner(Conflict):
    """An organisation without an owner could never be governed again."""

    code = "last_owner"

    def __init__(self) -> None:
        super().__init__("The organisation must keep an owner.")


class NotPermitted(Forbidden):
    """The caller lacks a capability of the organisation."""

    code = "not_permitted"

    def __init__(self, *, capability: str) -> None:
        super().__init__("You are not allowed to do this.", capability=capability)


class UnknownPerson(NotFound):
    code = "person_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such person.")


class ConversationUnknown(NotFound):
    """The conversation of an invitation: none, or one the inviter may not bring people into."""

    code = "conversation_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such conversation.")


class SessionNotFound(NotFound):
    code = "session_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such device.")


REFUSALS = (
    NameInvalid,
    PasswordTooShort,
    PasswordTooLong,
    PasswordTooCommon,
    SignInMethodMissing,
    PasskeyRefused,
    PasskeyKnown,
    PasskeyUnknown,
    LastSignInMethod,
    ConfirmationRequired,
    SignInFailed,
    SignInThrottled,
    PasswordQueueFull,
    NotSetUp,
    SetupUnknown,
    SetupUsed,
    SetupExpired,
    InvitationUnknown,
    InvitationUsedUp,
    InvitationExpired,
    InvitationRevoked,
    RoleTooHigh,
    LastOwner,
    NotPermitted,
    UnknownPerson,
    ConversationUnknown,
    SessionNotFound,
)
