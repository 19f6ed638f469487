"""What the black-box tests stand on: a private PostgreSQL, the server under test, a client, an oracle."""
