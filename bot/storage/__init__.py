"""The database: tables, migrations, requests and the shared rate limit."""
