# The page of `amana witness`, for whoever opens its address.
witness-page-title = A witness
witness-page-what = This address belongs to a witness. It signs the log of an Amana server, and only as long as that log merely grows: entries that were there stay there, unchanged and in their order.
witness-page-not = It reads no messages and knows nobody. All that reaches it is how many entries the log has, and a fingerprint of them.
witness-page-key = Its public key, for the policy of the server and for everybody who checks a signature:
error-policy-wrong = The policy cannot be used as it is: look at line { $line }.
