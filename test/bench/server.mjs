/**
 * The benchmark's server, in a process of its own: answers the documented body of the API that was called, with as little
 * work as can be, so that a client's speed is the client's. Started by `parts/server-process.mjs`, which asks it
 * (`{ask: 'look'}`) for what it has seen since `{ask: 'reset', …}`.
 */
import { createServer } from 'node:net';

const replyBody = 'trueRequest successfully submitted';
const reply = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${replyBody.length}\r\n\r\n${replyBody}`,
);
/** Of the Delivery API: it names each notification. */
const notificationId = /\{"id":("[^"]*"),"type"/g;
const notificationsStart = Buffer.from('"notifications":[');
/** `POST /rest/v1/delivery`, and no path of updates, has an `r` there. */
const deliveryMarkAt = 'POST /'.length;
const deliveryMark = 0x72;

/** The request stands in `bytes` from `at` to `end`. */
function replyTo(bytes, at, end) {
  if (bytes[at + deliveryMarkAt] !== deliveryMark) return reply;
  const ids = [...bytes.latin1Slice(bytes.indexOf(notificationsStart, at), end).matchAll(notificationId)].map(
    ([, id]) => `{"id":${id}}`,
  );
  const body = `{"status":200,"requestId":"bench","client":"bench","notifications":[${ids.join(',')}]}`;
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

const headEnd = Buffer.from('\r\n\r\n');
const contentLength = /\r\ncontent-length: *(\d+)/i;

/** Timers of Node.js keep whole milliseconds and are late; a pause of the thread is late by some 0.1 ms. */
const timerLateMs = 2;
const pauseMs = 0.1;
const neverWoken = new Int32Array(new SharedArrayBuffer(4));

let seen;
let delayMs;
/** After how many requests nothing is answered for `stallMs`; 0: never. */
let stallAfter;
let stallMs;
let isStalled = false;
const stalled = [];
/** Replies that wait for their time, in the order in which their requests came. */
const due = [];
/**
 * So much before its time each reply is aimed at: what it is late by on average, since this machine's cores are shared.
 * Without it `delayMs` would be what a reply takes at the least.
 */
let aimedEarlyMs = 0;
/** A stall is not made up for by what comes after it. */
const aimedEarlyMsMax = 0.5;
/** How fast that follows what is found, a reply. */
const aimGain = 0.001;

function reset(options = {}) {
  seen = { requestCount: 0, bodyBytes: 0, firstMs: null, lastMs: null, delayedMs: 0 };
  aimedEarlyMs = 0;
  delayMs = options.delayMs ?? 0;
  stallAfter = options.stallAfter ?? 0;
  stallMs = options.stallMs ?? 0;
}

function nowMs() {
  return performance.timeOrigin + performance.now();
}

function answer({ socket, bytes }) {
  seen.lastMs = nowMs();
  if (!socket.destroyed) socket.write(bytes, 'latin1');
}

/** Each reply at its own time: the last milliseconds before it pass in short pauses, between which requests are read. */
function answerDue() {
  for (let atMs = nowMs(); due.length > 0 && due[0].atMs <= atMs; atMs = nowMs()) {
    const { arrivedMs, ...reply } = due.shift();
    seen.delayedMs += atMs - arrivedMs;
    aimedEarlyMs = Math.min(aimedEarlyMsMax, Math.max(0, aimedEarlyMs + (atMs - arrivedMs - delayMs) * aimGain));
    answer(reply);
  }
  if (due.length === 0) return;
  const leftMs = due[0].atMs - nowMs();
  if (leftMs > timerLateMs) {
    setTimeout(answerDue, leftMs - timerLateMs);
    return;
  }
  Atomics.wait(neverWoken, 0, 0, Math.min(leftMs, pauseMs));
  setImmediate(answerDue);
}

/** `reply`: on which socket, and its bytes. */
function arrived(reply, bodyBytes) {
  if (seen.firstMs === null) {
    seen.firstMs = nowMs();
    process.send({ told: 'first', atMs: seen.firstMs });
  }
  seen.requestCount += 1;
  seen.bodyBytes += bodyBytes;
  if (seen.requestCount === stallAfter) stall();
  if (isStalled) stalled.push(reply);
  else if (delayMs === 0) answer(reply);
  else {
    const arrivedMs = nowMs();
    due.push({ arrivedMs, atMs: arrivedMs + delayMs - aimedEarlyMs, ...reply });
    if (due.length === 1) answerDue();
  }
}

function stall() {
  isStalled = true;
  setTimeout(() => {
    isStalled = false;
    for (const reply of stalled.splice(0)) answer(reply);
  }, stallMs);
}

/** Takes whole requests off the front of `bytes`; returns what is left. */
function takeRequests(socket, bytes) {
  let at = 0;
  while (at < bytes.length) {
    const headAt = bytes.indexOf(headEnd, at);
    if (headAt === -1) break;
    const found = contentLength.exec(bytes.latin1Slice(at, headAt));
    const bodyBytes = found === null ? 0 : Number(found[1]);
    const end = headAt + headEnd.length + bodyBytes;
    if (end > bytes.length) break;
    arrived({ socket, bytes: replyTo(bytes, at, end) }, bodyBytes);
    at = end;
  }
  return at === 0 ? bytes : bytes.subarray(at);
}

const server = createServer({ noDelay: true }, (socket) => {
  let left = null;
  socket.on('data', (chunk) => {
    const rest = takeRequests(socket, left === null ? chunk : Buffer.concat([left, chunk]));
    left = rest.length === 0 ? null : rest;
  });
  socket.on('error', () => {}); // a client that is killed on purpose
});

reset();
server.listen(0, '127.0.0.1', 1024, () => process.send({ told: 'port', port: server.address().port }));
process.on('message', ({ ask, options }) => {
  if (ask === 'reset') reset(options);
  process.send({ told: ask, seen });
});
process.on('disconnect', () => process.exit());
