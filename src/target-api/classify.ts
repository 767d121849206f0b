import type { Reply } from '../platform/ports.js';
import type { Reason, Trouble, TryCode, TryOutcome } from '../terms/outcome.js';
import { plainText, readXmlReply } from './characters/markup.js';
import { certificateCodes, dnsCodes, proxyRefusals, resetCodes, timeoutCodes } from './network/network-codes.js';
import { readRetryAfter } from './retry-after.js';

/** The replies that say something of the endpoint; `not-started` and `aborted` are the run's own doing. */
export type JudgedReply = Extract<Reply, { kind: 'answered' | 'broken' | 'timed-out' }>;

export type Answer = Extract<Reply, { kind: 'answered' }>;
type Broken = Extract<Reply, { kind: 'broken' }>;
type Refused = Extract<TryOutcome, { kind: 'refused' }>;
type Retry = Extract<TryOutcome, { kind: 'retry' }>;
type Stop = Extract<TryOutcome, { kind: 'stop' }>;

/** What an API's own answers mean; all others are judged as any HTTP answer is. */
export interface OwnAnswers {
  /** `null`: nothing that this API alone says. */
  read(answer: Answer, nowWallMs: number): TryOutcome | null;
  /** What a body says in words; `null`: nothing. */
  words(body: string): string | null;
}

/** The body as Adobe's documentation shows it: the XML below with its tags gone. */
const successText = /^true\s*Request successfully submitted\.?$/i;
/** The same two, letter by letter: what nearly every reply is, known without reading it. */
const successBodies: ReadonlySet<string> = new Set([
  'trueRequest successfully submitted',
  '<response><success>true</success><pcId></pcId><message>Request successfully submitted</message></response>',
]);
/** How a failure reads with its tags gone (assumed, after the form of success). */
const failureText = /^false\s*([A-Z].*)$/s;

/**
 * The outcome of an attempt. `nowWallMs`: for a `Retry-After` that is a date. Reasons carry what the server said in words (no
 * tags, one line, of any length): pass it through `redact` before it is written or kept.
 */
export function classify(reply: JudgedReply, nowWallMs: number): TryOutcome {
  return classifyBy(updateAnswers, reply, nowWallMs);
}

/** The same for the API whose own answers are `own`. */
export function classifyBy(own: OwnAnswers, reply: JudgedReply, nowWallMs: number): TryOutcome {
  switch (reply.kind) {
    case 'answered':
      return own.read(reply, nowWallMs) ?? classifyAnswer(own, reply, nowWallMs);
    case 'broken':
      return classifyBroken(reply);
    case 'timed-out':
      return retry(null, 'timeout', 'silence', null);
  }
}

function classifyAnswer({ words }: OwnAnswers, answer: Answer, nowWallMs: number): TryOutcome {
  const { httpStatus } = answer;
  const again = (code: TryCode, trouble: Trouble) =>
    retry(httpStatus, code, trouble, words(answer.body), readRetryAfter(answer.retryAfter, nowWallMs));

  if (httpStatus === 403) return stop(httpStatus, 'unauthorized', 'forbidden', words(answer.body));
  if (httpStatus === 401) return stop(httpStatus, 'unauthorized', 'unauthorized', words(answer.body));
  // No server of an endpoint says that: a proxy does, with plain http.
  if (httpStatus === 407) return stop(httpStatus, 'unauthorized', 'proxy', words(answer.body));
  if (httpStatus === 408) return again('server-error', 'request-timeout');
  if (httpStatus === 429) return again('rate-limited', 'throttled');
  if (httpStatus === 503) return again('unavailable', 'throttled');
  if (httpStatus >= 300 && httpStatus < 400) return stop(httpStatus, 'redirect', 'redirect', words(answer.body));
  if (httpStatus >= 400 && httpStatus < 500) return refused(httpStatus, 'http-4xx', words(answer.body));
  if (httpStatus >= 500 && httpStatus < 600) return again('server-error', 'server');
  // The API documents 200 alone: a 204 of something in between has not taken the row.
  return again('not-understood', 'not-understood');
}

const updateAnswers: OwnAnswers = {
  read: (answer, nowWallMs) => (answer.httpStatus === 200 ? classifyBody(answer, nowWallMs) : null),
  words: wordsOf,
};

function classifyBody(answer: Answer, nowWallMs: number): TryOutcome {
  const { httpStatus, body } = answer;
  if (successBodies.has(body)) return { kind: 'submitted', httpStatus };
  const xml = readXmlReply(body);
  if (xml?.success === 'true') return { kind: 'submitted', httpStatus };
  // Documented for the bulk API, assumed here: a 200 that says false is a failure of this row.
  if (xml?.success === 'false') return refused(httpStatus, 'target-refused', xml.message);
  const text = body.trim();
  if (successText.test(text)) return { kind: 'submitted', httpStatus };
  const failure = failureText.exec(text);
  if (failure !== null) return refused(httpStatus, 'target-refused', wordsOf(failure[1] ?? ''));
  const retryAfterMs = readRetryAfter(answer.retryAfter, nowWallMs);
  return retry(httpStatus, 'not-understood', 'not-understood', wordsOf(body) ?? 'an empty body', retryAfterMs);
}

function classifyBroken({ errorCode, message, isProxy }: Broken): TryOutcome {
  const text = message === '' ? errorCode : message;
  if (dnsCodes.has(errorCode)) return retry(null, isProxy ? 'proxy' : 'dns', 'dns', text);
  if (certificateCodes.has(errorCode)) return stop(null, 'certificate', 'certificate', text);
  const proxyStatus = proxyRefusals.get(errorCode);
  // Not `forbidden`, which another row might clear: the proxy turns away the connection, not the row.
  if (proxyStatus !== undefined) return stop(proxyStatus, 'unauthorized', 'proxy', text);
  const code = timeoutCodes.has(errorCode) ? 'timeout' : isProxy ? 'proxy' : 'network';
  return retry(null, code, resetCodes.has(errorCode) ? 'reset' : 'network', text);
}

/** What the body says in words: its message where it is the API's XML, else all of its text; `null` if there is none. */
export function wordsOf(body: string): string | null {
  const words = readXmlReply(body)?.message ?? plainText(body);
  return words === '' ? null : words;
}

function reasonOf(code: TryCode, text: string | null): Reason {
  return { code, text };
}

export function refused(httpStatus: number, code: TryCode, text: string | null): Refused {
  return { kind: 'refused', httpStatus, reason: reasonOf(code, text) };
}

export function retry(
  httpStatus: number | null,
  code: TryCode,
  trouble: Trouble,
  text: string | null,
  retryAfterMs: number | null = null,
): Retry {
  return { kind: 'retry', httpStatus, reason: reasonOf(code, text), trouble, retryAfterMs };
}

export function stop(httpStatus: number | null, code: TryCode, cause: Stop['cause'], text: string | null): Stop {
  return { kind: 'stop', httpStatus, reason: reasonOf(code, text), cause };
}
