# Pages of people who are not in yet.
setup-title = Set up Amana
setup-text = You become the owner. You can invite colleagues right after this.
setup-organisation = Name of your organisation
setup-name = Your name
setup-address = People reach Amana at { $origin }. Links and passkeys hang on this address; it stays.
setup-submit = Begin
setup-bad = This set-up link does not work

join = Join
join-title = { $inviter } invites you to { $organisation }
join-title-plain = Welcome to { $organisation }
join-room = You join “{ $room }”.
join-until = Works until { $time }
join-bad = This invitation does not work
join-point-install = Nothing to install
join-point-install-text = No phone number, no app store.
join-point-read = You see who can read
join-point-read-text = In every chat, in plain words.
join-point-key = Kept sealed
join-point-key-text = What you write is stored encrypted.
join-name-title = What should colleagues call you?
join-name-text = They see this name. You can change it later.
join-name-note = Your name stays with what you write.
join-key-title = How do you want to sign in?
join-key-text = Either way is complete. You can add the other one later.
join-submit = Join
have-account = I have an account
step-of = Step { $step } of { $of }

credential-legend = Way to sign in
credential-passkey = Passkey
credential-passkey-text = Your finger, your face or the code of this device. Nothing to remember.
credential-password = Password
credential-password-text = Works on every device, together with your sign-in name.
create-passkey = Create passkey
passkeys-missing = This browser cannot use passkeys here, so please choose a password.
passkey-cancelled = The passkey was not used. Try again, or choose a password.
password-hint = At least 10 characters. Several words are good.

handle-title = Your sign-in name
handle-text = With this name and your password you sign in on other devices. Please note it.
handle-continue = Open chats

sign-in-title = Welcome back
sign-in-passkey = Sign in with passkey
sign-in-password = Sign in with password
sign-in-help = No access any more? Ask the people who run Amana in your organisation.
