error-name-invalid =
    { $reason ->
        [empty] Please enter a name.
        [length] This name is too long: at most { $max_characters } characters.
       *[other] This name contains characters that cannot be shown safely.
     }
error-password-too-short = The password needs at least { $min_characters } characters. A short sentence is a good password.
error-password-too-long = The password may have at most { $max_characters } characters.
error-password-too-common = This password is among the first that are guessed. Please choose another one.
error-sign-in-method-missing = Please choose a passkey or a password, so that you can come back.
error-passkey-refused = The passkey could not be verified. Please try again.
error-passkey-known = This passkey is registered already, or you have the largest number of passkeys.
error-passkey-not-found = There is no such passkey, or it was removed already.
error-last-sign-in-method = This is your only way to sign in. Add another passkey or a password first.
error-confirmation-required = Please sign in again first: this is possible only right after signing in or with your password.
error-sign-in-failed = Signing in did not work. Please check your name and password or use your passkey.
error-sign-in-throttled = Too many attempts. Please try again in { $retry_after_s } seconds.
error-sign-in-busy = Many people are signing in right now. Please try again in a moment.
error-not-set-up = This installation is not set up yet.
error-setup-unknown = This set-up link is not valid. The server shows a new one at every start.
error-setup-used = This installation is set up already. Ask its owner for an invitation.
error-setup-expired = This set-up link has expired. Restart the server to get a new one.
error-invitation-unknown = There is no such invitation. Please check that the link is complete.
error-invitation-used-up = This invitation has been used already. Ask for a new one.
error-invitation-expired = This invitation has expired. Ask for a new one.
error-invitation-revoked = This invitation was withdrawn. Ask whoever gave it to you.
error-role-too-high = You can only give roles below your own.
error-last-owner = The organisation must keep at least one owner. Make somebody else owner first.
error-not-permitted = You are not allowed to do this. An administrator can.
error-session-not-found = There is no such device, or it is signed out already.
error-api-token-not-found = There is no such token, or it ended already.
error-too-many-api-tokens = You have { $limit } tokens, which is the most. End one first.
error-scope-too-wide = This token cannot give more than it may do itself: { $scopes }
