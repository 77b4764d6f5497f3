// The same app on @slack/bolt: it acks the command and opens a constant form.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { App, HTTPReceiver, LogLevel } = require('@slack/bolt');

const env = process.env;
const view = JSON.parse(fs.readFileSync(path.join(__dirname, '..', 'modal.json'), 'utf8'));
const app = new App({
  token: env.SLACK_BOT_TOKEN,
  logLevel: LogLevel.WARN,
  clientOptions: { slackApiUrl: env.SLACK_API_URL },
  receiver: new HTTPReceiver({
    signingSecret: env.SLACK_SIGNING_SECRET,
    endpoints: '/slack/events',
    logLevel: LogLevel.WARN,
  }),
});

app.command('/proactive', async ({ ack, body, client }) => {
  await ack();
  await client.views.open({ trigger_id: body.trigger_id, view });
});

app.start({ port: Number(env.PORT), host: '127.0.0.1' });
