// Hands on the keyboard, in the admin. Everything here can be done without it.
