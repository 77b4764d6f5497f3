# One worker of the bot. Without a PostgreSQL address in PROACTIVE_DATABASE_URL its data is a SQLite
# file in /data: mount a volume there, and run one container only.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 XDG_DATA_HOME=/data HOST=0.0.0.0 PORT=3000
WORKDIR /app

COPY requirements.lock .
# --no-compile: the SDK has thousands of modules of which the bot loads a few.
RUN pip install --no-cache-dir --no-compile --require-hashes -r requirements.lock

COPY bot bot
COPY genesys genesys
# The import writes the bytecode of what the bot loads, and of nothing else: a start takes a third.
RUN python -c "import bot.app, bot.doctor" \
    && useradd --uid 10001 --no-create-home bot \
    && install -d -o bot /data
USER bot

EXPOSE 3000
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s CMD ["python", "-c", \
    "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/healthz\")"]
CMD ["python", "-m", "bot", "run"]
