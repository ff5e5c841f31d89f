"""Users: members, how they sign up and log in, and who they are."""
