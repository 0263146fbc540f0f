// Starts the real Chatloom binary with a data folder of its own and drives its dashboard API.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const ADMIN = { email: 'owner@example.com', password: 'correct horse battery staple' };
const SCRIPTED = { instructions: 'Help visitors of the shop.', provider: 'scripted', model: 'demo' };

/** How long a start may take on a busy machine, and how often we look, in milliseconds. */
const START_LIMIT = 60_000;
const LOOK_EVERY = 50;

/**
 * Starts a server on a free port; call `stop` at the end. `kill` ends it like a power cut, and `start` starts it again
 * where it was, with the same data. `settings` are more of its environment.
 */
export async function startChatloom(settings = {}) {
  const binary = process.env.CHATLOOM_BIN;
  if (!binary || !existsSync(binary)) {
    throw new Error('CHATLOOM_BIN must be the path of the chatloom binary: run `cargo build` and set it to target/debug/chatloom.');
  }
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const data = await mkdtemp(join(tmpdir(), 'chatloom-browser-'));
  const env = {
    PATH: process.env.PATH,
    HOST: '127.0.0.1',
    PORT: String(port),
    APP_BASE_URL: base,
    DATA_DIR: data,
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    PUBLIC_RATE_LIMIT_PER_MINUTE: '0',
    SESSION_RATE_LIMIT_PER_MINUTE: '0',
    VISITOR_RATE_LIMIT_PER_MINUTE: '0',
    WIDGET_RATE_LIMIT_PER_MINUTE: '0',
    ...settings,
  };
  let log = '';
  let child, ended;
  const start = async () => {
    child = spawn(binary, [], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (text) => (log += text));
    child.stderr.on('data', (text) => (log += text));
    ended = new Promise((resolve) => child.once('close', resolve));
    await becomeReady(base, child);
  };
  const end = async (signal) => {
    child.kill(signal);
    await ended;
  };
  const stop = async () => {
    await end('SIGTERM');
    await rm(data, { recursive: true, force: true });
  };
  try {
    await start();
    return { base, dashboard: await signIn(base), start, kill: () => end('SIGKILL'), stop };
  } catch (error) {
    await stop();
    throw new Error(`chatloom could not be used; it said:\n${log}`, { cause: error });
  }
}

async function becomeReady(base, child) {
  const deadline = Date.now() + START_LIMIT;
  while (!(await isReady(base))) {
    if (child.exitCode !== null) throw new Error(`chatloom ended with ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error(`chatloom did not become ready at ${base}`);
    await pause(LOOK_EVERY);
  }
}

async function isReady(base) {
  const response = await fetch(`${base}/readyz`).catch(() => undefined);
  return response?.ok === true;
}

/** The dashboard of the first administrator's team. */
async function signIn(base) {
  const login = await fetch(`${base}/api/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(ADMIN),
  });
  if (!login.ok) throw new Error(`login answered ${login.status}: ${await login.text()}`);
  const cookie = login.headers.getSetCookie().map((line) => line.split(';', 1)[0]).join('; ');
  const { teams } = await login.json();
  const team = `${base}/api/teams/${teams[0].teamId}`;

  async function call(method, path, body) {
    const response = await fetch(team + path, {
      method,
      headers: { Cookie: cookie, ...(body && { 'Content-Type': 'application/json' }) },
      body: body && JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  }

  return {
    call,

    /** A widget, on the scripted model unless told otherwise; gives its id and the embed code of the embed-code endpoint. */
    async createWidget({ allowedDomains = [], customization = {}, agent = SCRIPTED, ...rules } = {}) {
      const workflow = await call('POST', '/workflows', { name: 'Shop help', agent });
      const widget = await call('POST', '/widgets', {
        name: 'Shop help',
        workflowId: workflow.id,
        allowedDomains,
        customization,
        ...rules,
      });
      const { embedCode } = await call('GET', `/widgets/${widget.id}/embed-code`);
      return { id: widget.id, embedCode };
    },
  };
}

async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
