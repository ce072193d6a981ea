error-invalid = This request is not right, and repeating it will not help.
error-gone = This was used up, has expired or was withdrawn.
error-conflict = This is not possible as things stand now.
error-too-large = This is larger than allowed.
