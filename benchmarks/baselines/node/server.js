// The same bare app on @slack/bolt: acks the command and opens a constant modal; with the text
// "help" it only answers. HTTPReceiver, or Socket Mode where there is an app-level token.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { App, HTTPReceiver, LogLevel } = require('@slack/bolt');

const env = process.env;
const view = JSON.parse(fs.readFileSync(path.join(__dirname, '..', 'modal.json'), 'utf8'));
const common = {
  token: env.SLACK_BOT_TOKEN,
  logLevel: LogLevel.WARN,
  clientOptions: { slackApiUrl: env.SLACK_API_URL },
};
const edge = env.SLACK_APP_TOKEN
  ? { socketMode: true, appToken: env.SLACK_APP_TOKEN }
  : {
      receiver: new HTTPReceiver({
        signingSecret: env.SLACK_SIGNING_SECRET,
        endpoints: '/slack/events',
        logLevel: LogLevel.WARN,
      }),
    };
const app = new App({ ...common, ...edge });

app.command('/proactive', async ({ ack, body, client }) => {
  if (body.text === 'help') {
    await ack({ response_type: 'ephemeral', text: 'Type /proactive to open the form.' });
    return;
  }
  await ack();
  await client.views.open({ trigger_id: body.trigger_id, view });
});

app.start({ port: Number(env.PORT), host: '127.0.0.1' });
