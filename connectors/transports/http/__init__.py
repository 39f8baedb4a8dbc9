"""Transport `http`: one request a delivery, under a total deadline, to a checked and pinned address."""
