# One process of the bot. Unless PROACTIVE_DATABASE_URL is a PostgreSQL address, requests are stored
# in a SQLite file in /data: mount a volume there, and run only one container.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 XDG_DATA_HOME=/data HOST=0.0.0.0 PORT=3000 OPERATOR_PORT=3001
WORKDIR /app

COPY requirements.lock .
# --no-compile: the SDK has thousands of modules, and the bot loads a few of them.
RUN pip install --no-cache-dir --no-compile --require-hashes -r requirements.lock

COPY bot bot
COPY genesys genesys
# The import writes bytecode, but only of what the bot loads. A start then takes a third of the time.
RUN python -c "import bot.app, bot.cli.doctor" \
    && useradd --uid 10001 --no-create-home bot \
    && install -d -m 700 -o bot /data
USER bot

EXPOSE 3000
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s CMD ["python", "-c", \
    "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['OPERATOR_PORT']}/healthz\")"]
CMD ["python", "-m", "bot", "run"]
