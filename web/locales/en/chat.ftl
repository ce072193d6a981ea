# Conversations.
new-chat = New chat
new-group = New group
new-direct = New direct chat
filter = Filter chats by name
filter-all = All
filter-unread = Unread
filter-none = Nothing found
filter-none-text = No chat matches. Try another word.
filter-people = Filter people by name
draft = Draft:
untitled = Group without a name
direct-chat = Direct chat
unread-chats = { $count ->
    [one] One chat with unread messages
   *[other] { $count } chats with unread messages
}
unread-messages = { $count ->
    [one] One unread message
   *[other] { $count } unread messages
}
no-chats-title = No chats yet
no-chats-text = Begin a group, or invite the first colleague.
pick-title = Choose a chat
pick-text = Your conversations are in the list.

group-title = Name of the group
group-purpose = Purpose
group-purpose-hint = One sentence: what is this group for?
group-history = New members can read
group-members = People
history-all = everything, also from before they joined
history-since-joining = only what is written after they joined
history-days = { $days ->
    [one] the last day before they joined, and all that follows
   *[other] the last { $days } days before they joined, and all that follows
}
people-none = Nobody else is here yet. Invite the first colleague.
people-alone-title = Only you are here
people-alone-text = Invite colleagues by a link; they need no phone number and nothing to install.
people-count = { $count ->
    [one] 1 person
   *[other] { $count } people
}

invite-text = Whoever opens the link joins your organisation.
invite-room = Whoever opens the link joins your organisation and “{ $room }”.
invite-uses = For how many people?
invite-people = { $count ->
    [one] For one person
   *[other] For { $count } people
}
invite-lifetime = How long does it work?
invite-hour = One hour
invite-day = One day
invite-week = One week
invite-create = Create link
invite-ready = Invitation
invite-link = Invitation link
invite-qr = The same link as a code to scan

can-read = { $count ->
    [one] 1 can read
   *[other] { $count } can read
}
sealed = Sealed
who-sees = What can others see?
fact-members = { $count ->
    [one] Only you can read
   *[other] { $count } members can read
}
fact-members-text = administrators see who is here, never what is said
fact-history = New members can read
fact-retention = Messages do not stay
fact-retention-text = { $days ->
    [one] They are erased after { $days } day.
   *[other] They are erased after { $days } days.
}
fact-sealed = Stored encrypted
fact-sealed-text = every message with its own key
members = Members
owner = Owner
add-people = Add people
leave = Leave
leave-title = Leave this group?
leave-text = You can no longer read or write here. What you wrote stays.

messages = Messages
message-menu = Actions for this message
write-to = Message { $room }
characters-left = Characters left: { $count }
editing = Edit message
edited = edited
new-messages = { $count ->
    [one] 1 new
   *[other] { $count } new
}
to-end = { $count ->
    [0] To the newest message
    [one] To the newest message, one is new
   *[other] To the newest message, { $count } are new
}
quote-earlier = Earlier message
not-sent = Not sent:
removed = Message removed
removed-by = { $person } removed this message
removed-by-you = You removed this message
unreadable-erased = This message was erased.
erased-person = Erased person
unreadable-damaged = This message cannot be read. The damage has been reported.
remove-title = Remove this message?
remove-text = It disappears for everybody in this chat. That a message stood here stays visible.
tick-queued = Waiting
tick-failed = Not sent
tick-sent = Sent
tick-seen = Read by { $count } of { $of }
tick-read = Read

room-failed = The messages did not load. What you wrote is safe.
room-empty-title = Nothing written yet
room-empty-text = { $count ->
    [one] Only you can read here so far.
   *[other] What you write here, { $count } people can read.
}
room-gone-title = You are not in this chat
room-gone-text = It does not exist, or you are no longer a member.

event-created = { $mine ->
    [yes] You began this chat
   *[no] { $actor } began this chat
}
event-renamed = { $mine ->
    [yes] You named the group “{ $title }”
   *[no] { $actor } named the group “{ $title }”
}
event-retention = { $mine ->
    [yes] You chose that messages are erased after { $days ->
        [one] { $days } day
       *[other] { $days } days
    }
   *[no] { $actor } chose that messages are erased after { $days ->
        [one] { $days } day
       *[other] { $days } days
    }
}
event-retention-off = { $mine ->
    [yes] You chose that messages stay
   *[no] { $actor } chose that messages stay
}
event-changed = { $mine ->
    [yes] You changed the settings
   *[no] { $actor } changed the settings
}
event-joined = { $mine ->
    [yes] You joined
   *[no] { $person } joined
}
event-added = { $mine ->
    [yes] You added { $person }
   *[no] { $actor } added { $person }
}
event-added-you = { $actor } added you
event-left = { $mine ->
    [yes] You left
   *[no] { $person } left
}
event-removed = { $mine ->
    [yes] You removed { $person }
   *[no] { $actor } removed { $person }
}
event-owner = { $mine ->
    [yes] You made { $person } the owner
   *[no] { $actor } made { $person } the owner
}
