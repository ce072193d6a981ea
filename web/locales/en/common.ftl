# Words of every page.
language = Language
back = Back
close = Close
cancel = Cancel
continue = Continue
create = Create
add = Add
done = Done
copy = Copy
copied = Copied.
copy-failed = This browser does not allow copying. Select the text and copy it yourself.
edit = Edit
delete = Delete
remove = Remove
reply = Reply
retry = Try again
send = Send
or = or
you = You
name = Name
handle = Sign-in name
password = Password
somebody = Somebody
loading = Loading
try-again = Try again
try-now = Try now
details = Details
invite = Invite
failed-title = This did not open
failed-text = Nothing is lost: what you wrote is on this device. Please try again.
failed-code = That did not work ({ $code }).
unreachable = The server cannot be reached. Please check the network and try again.

chats = Chats
people = People
me = Me
today = Today, { $date }
yesterday = Yesterday, { $date }

offline = Waiting for network.
offline-text = You can keep writing.
offline-waiting = { $count ->
    [one] You can keep writing; one message goes out by itself.
   *[other] You can keep writing; { $count } messages go out by themselves.
}

appearance = Appearance
theme-system = Like the device
theme-light = Light
theme-dark = Dark
devices = Devices
device = Device
this-device = This device
last-used = Last used { $time }
add-passkey = Add a passkey
passkey-added = The passkey is ready. You can sign in with it from now on.
sign-out = Sign out
sign-out-title = Sign out on this device?
sign-out-text = Your chats stay on the server. You need your passkey or password to come back.
sign-out-waiting = { $count ->
    [one] One message has not been sent yet and will be lost.
   *[other] { $count } messages have not been sent yet and will be lost.
}
