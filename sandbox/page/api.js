// All requests of the page: JSON over HTTP to this origin, and the two "something changed" sockets.

/** What went wrong, in a sentence for the person. */
export class Refused extends Error {
  /** `status` is 0 when nobody answered. */
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refused("The sandbox does not answer. Is it still running?");
  }
  const text = await answer.text();
  let json = {};
  try {
    json = text ? JSON.parse(text) : {};
  } catch {
    json = { error: text.slice(0, 200) };
  }
  if (!answer.ok)
    throw new Refused(json.error || `The sandbox answered ${answer.status}.`, answer.status);
  return json;
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
export const remove = (path) => call("DELETE", path);

/** A path from pieces, each one encoded. */
export const at = (...pieces) => "/" + pieces.map(encodeURIComponent).join("/");

/**
 * Call `changed` now and whenever the server reports a change. The socket reconnects by itself;
 * while it's down, call `changed` every three seconds. `connected(bool)` is told about the
 * connection. Returns a function that stops this.
 */
export function follow(path, changed, connected = () => {}) {
  let socket = null;
  let stopped = false;
  let wait = 500;
  let timer = null;
  const soon = coalesce(changed);

  const connect = () => {
    if (stopped) return;
    socket = new WebSocket(`ws://${location.host}${path}`);
    socket.addEventListener("open", () => {
      if (stopped) {
        socket.close();
        return;
      }
      wait = 500;
      clearInterval(timer);
      timer = null;
      connected(true);
      soon();
    });
    socket.addEventListener("message", soon);
    socket.addEventListener("close", () => {
      if (stopped) return;
      connected(false);
      timer ??= setInterval(soon, 3000);
      setTimeout(connect, wait);
      wait = Math.min(wait * 2, 5000);
    });
  };
  connect();
  soon();
  return () => {
    stopped = true;
    clearInterval(timer);
    // Chromium complains about a connection that's closed while it's being made.
    if (socket?.readyState !== WebSocket.CONNECTING) socket?.close();
  };
}

/** Run `job` now; calls made while it runs lead to only one more run. */
export function coalesce(job) {
  let running = false;
  let again = false;
  return async function run() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      do {
        again = false;
        await job();
      } while (again);
    } finally {
      running = false;
    }
  };
}
