"""What an API token needs for which endpoint and which frame: the one table, and nothing beside it.

Whoever adds an endpoint or a frame adds a line; a contract test walks the router and the socket. Until
then tokens may not use it. A scope never gives more than the person's own role does.
"""

from typing import Final

from amana.http.scopes import ANY_TOKEN, Scopes
from amana.people.api_tokens.model import ScopeName

READ: Final[ScopeName] = "messages:read"
WRITE: Final[ScopeName] = "messages:write"
ROOMS: Final[ScopeName] = "rooms:manage"
PEOPLE: Final[ScopeName] = "people:read"
PERSONAL: Final[ScopeName] = "personal"
ACCOUNT: Final[ScopeName] = "account"
ADMIN: Final[ScopeName] = "admin"
# Only somebody who signs in, or holds the secret of a link.
NO_TOKEN: Final = None

# To open a socket, and for the frames that belong to no domain: hello, open, close, ping.
SOCKET: Final = READ

# OpenAPI's operationId → scope.
OPERATIONS: Final[Scopes] = {
    # Coming in
    "previewSetup": NO_TOKEN,
    "setUp": NO_TOKEN,
    "previewInvitation": NO_TOKEN,
    "join": NO_TOKEN,
    "openSignIn": NO_TOKEN,
    "signInWithPasskey": NO_TOKEN,
    "signInWithPassword": NO_TOKEN,
    "signOut": NO_TOKEN,
    # Oneself
    "getMe": ANY_TOKEN,
    "changeMe": ACCOUNT,
    "openPasskey": ACCOUNT,
    "addPasskey": ACCOUNT,
    "listPasskeys": ACCOUNT,
    "removePasskey": ACCOUNT,
    "changePassword": ACCOUNT,
    "listSessions": ACCOUNT,
    "revokeSession": ACCOUNT,
    "revokeOtherSessions": ACCOUNT,
    "createToken": ACCOUNT,
    "listTokens": ACCOUNT,
    "revokeToken": ACCOUNT,
    # Others
    "listPeople": PEOPLE,
    "createInvitation": ADMIN,
    "listInvitations": ADMIN,
    "revokeInvitation": ADMIN,
    "changeRole": ADMIN,
    "showPolicy": ANY_TOKEN,
    "changePolicy": ADMIN,
    "erasePerson": ADMIN,
    "showErasure": ADMIN,
    # Conversations
    "sync": READ,
    "getConversation": READ,
    "listMembers": READ,
    "whoCouldSee": READ,
    "openDirect": WRITE,
    "createConversation": ROOMS,
    "changeConversation": ROOMS,
    "addMember": ROOMS,
    "removeMember": ROOMS,
    "changeOwner": ROOMS,
    "changeMemberRole": ROOMS,
    "closeRoom": ROOMS,
    "reopenRoom": ROOMS,
    "addMembers": ROOMS,
    "createRoomLink": ROOMS,
    "listRoomLinks": ROOMS,
    "revokeRoomLink": ROOMS,
    "listWaiting": ROOMS,
    "approveJoining": ROOMS,
    "refuseJoining": ROOMS,
    # Coming into rooms is the person's own decision.
    "previewRoomLink": PERSONAL,
    "joinByRoomLink": PERSONAL,
    "joinRoom": PERSONAL,
    "listMyJoining": PERSONAL,
    "acceptOffer": PERSONAL,
    "giveUpJoining": PERSONAL,
    "listRoomsInCustody": ROOMS,
    # Messages
    "listMessages": READ,
    "getMessage": READ,
    "listVersions": READ,
    "listEvents": READ,
    "sendMessage": WRITE,
    "editMessage": WRITE,
    "removeMessage": WRITE,
    "markRead": WRITE,
    "showReceipts": READ,
    "listReactors": READ,
    "addReaction": WRITE,
    "removeReaction": WRITE,
    "listPins": READ,
    "pinMessage": WRITE,
    "unpinMessage": WRITE,
    "castVote": WRITE,
    "closePoll": WRITE,
    "getMyVote": READ,
    "listVoters": READ,
    "listMentions": READ,
    "listThreads": READ,
    "getThread": READ,
    "followThread": WRITE,
    "unfollowThread": WRITE,
    "markThreadRead": WRITE,
    "undoSend": WRITE,
    "scheduleMessage": WRITE,
    "changeScheduled": WRITE,
    "cancelScheduled": WRITE,
    "listScheduled": PERSONAL,
    "listScheduledHere": PERSONAL,
    "forwardMessage": WRITE,
    # What only the person sees
    "listDrafts": PERSONAL,
    "getDraft": PERSONAL,
    "saveDraft": PERSONAL,
    "listStars": PERSONAL,
    "addStar": PERSONAL,
    "takeStarAway": PERSONAL,
    "changeMySide": PERSONAL,
    "listSections": PERSONAL,
    "orderSections": PERSONAL,
    "putSection": PERSONAL,
    "takeSectionAway": PERSONAL,
    "listReminders": PERSONAL,
    "putReminder": PERSONAL,
    "takeReminderAway": PERSONAL,
    "showPreferences": PERSONAL,
    "changePreferences": PERSONAL,
    # The transparency log is for everybody who belongs here.
    "readLogState": ANY_TOKEN,
    "readLogCheckpoint": ANY_TOKEN,
    "readLogTile": ANY_TOKEN,
    "readLogPolicy": ANY_TOKEN,
    "changeLogPolicy": ADMIN,
}

# Frame type of the socket (``t``) → scope.
FRAMES: Final[Scopes] = {
    "send": WRITE,
    "edit": WRITE,
    "remove": WRITE,
    "read": WRITE,
    "delivered": WRITE,
    "typing": WRITE,
    "react": WRITE,
    "unreact": WRITE,
}
