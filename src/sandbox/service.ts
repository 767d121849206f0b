import type { Clock } from '../platform/ports.js';
import { Account, makeProfiles, type Profile } from './account.js';
import { BoundedMap } from './bounded-map.js';
import { Bulk, type BulkCall, bulkBodyBytesMax, readBulkPath, refused as refusedBatch } from './bulk.js';
import { deliveryBytesMax, isRobot, readDelivery } from './delivery.js';
import { type Fault, faultFor } from './faults.js';
import { type Parameter, readForm } from './form.js';
import type { Incoming } from './incoming.js';
import type { KnownVisitor } from './known.js';
import { isLoopbackHost } from './loopback-host.js';
import { cut, htmlPage, json, notFound, otherHost, type Reply, submitted, xmlError } from './replies.js';
import { type IdType, readUpdate } from './update.js';

export interface ServiceOptions {
  /** The only client code that is taken; `null`: any is. */
  readonly clientCode: string | null;
  readonly knownOnly: boolean;
  /** Visitors that exist for each client code. */
  readonly known: readonly KnownVisitor[];
  /** How much later an update shows. */
  readonly applyAfterMs: number;
  /** Updates in any rolling window, for each client code; `null`: no cap. */
  readonly cap: number | null;
  readonly token: string | null;
  readonly errorRate: number;
  readonly seed: number;
  readonly windowMs: number;
  readonly clock: Clock;
  readonly onUpdate: ((update: AppliedUpdate) => void) | null;
}

/** An update that changed a profile. */
export interface AppliedUpdate {
  readonly clientCode: string;
  readonly idType: IdType;
  readonly id: string;
  readonly attributes: readonly Parameter[];
}

export interface SandboxCounts {
  /** Calls of profile/update, whatever the result. */
  readonly updates: number;
  /** Of these, let through by client code, token and cap: what counts in the rolling window. */
  readonly accepted: number;
  /** 429: over the cap. */
  readonly turnedAway: number;
  /** Another client code, or not the token. */
  readonly unauthorized: number;
  /** Not taken for what the request itself says. */
  readonly refused: number;
  /** Met by a fault of the seed. */
  readonly faults: number;
  /** Taken (a cut or late reply included); of these, for a visitor that `knownOnly` does not know. */
  readonly taken: number;
  readonly unknownVisitor: number;
  readonly fetches: number;
  /** Calls of the Delivery API; of these, taken. */
  readonly deliveries: number;
  readonly delivered: number;
  /** Taken and not stored: a robot's, or another session of the visitor within 30 minutes. */
  readonly robots: number;
  readonly mixedSessions: number;
}

/** Adobe's documentation: 60 KB for POST, 8 KB for GET. assumed: KB is 1,000 bytes, and GET's is that of path and query */
const bodyBytesMax = 60_000;
const getBytesMax = 8_000;
const lateReplyMs = 1_000;

/** Client codes that are told apart; the one that called first is forgotten first. */
const accountsMax = 100;

/** How much of a body is looked at. */
export function bodyBytesMaxOf(url: string): number {
  const path = url.replace(/\?.*$/s, '');
  if (path === deliveryPath) return deliveryBytesMax;
  return readBulkPath(path) === null ? bodyBytesMax : bulkBodyBytesMax;
}

/** Answers requests from memory: what Target would say, without a socket. */
export class Service {
  readonly counts = {
    updates: 0,
    accepted: 0,
    turnedAway: 0,
    unauthorized: 0,
    refused: 0,
    faults: 0,
    taken: 0,
    unknownVisitor: 0,
    fetches: 0,
    deliveries: 0,
    delivered: 0,
    robots: 0,
    mixedSessions: 0,
  } satisfies SandboxCounts;
  readonly #accounts = new BoundedMap<string, Account>(accountsMax);
  readonly #profiles = makeProfiles();
  readonly #options: ServiceOptions;
  readonly #bulk = new Bulk();

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** Makes it at the first call. assumed: upper and lower case of a client code are the same */
  account(clientCode: string): Account {
    const found = this.findAccount(clientCode);
    if (found !== null) return found;
    const account = new Account(clientCode.toLowerCase(), this.#options.windowMs, this.#options.cap, this.#profiles);
    for (const { idType, id } of this.#options.known) account.meet(idType, id);
    this.#accounts.set(clientCode.toLowerCase(), account);
    return account;
  }

  findAccount(clientCode: string): Account | null {
    return this.#accounts.get(clientCode.toLowerCase()) ?? null;
  }

  /** As it shows now. A client code that has not called yet has the visitors that are known. */
  find(clientCode: string, idType: IdType, id: string): Profile | null {
    const account = this.findAccount(clientCode) ?? (this.#knows(clientCode) ? this.account(clientCode) : null);
    account?.settle(this.#options.clock.monotonicMs());
    return account?.find(idType, id) ?? null;
  }

  /** In lower case. */
  clientCodes(): string[] {
    return this.#accounts.keys();
  }

  accounts(): readonly Account[] {
    return this.#accounts.values();
  }

  answer(incoming: Incoming): Reply {
    // A page in a browser could reach it by a name of its own (DNS rebinding).
    if (!isLoopbackHost(incoming.host)) return otherHost;
    const queryStart = incoming.url.indexOf('?');
    const path = queryStart < 0 ? incoming.url : incoming.url.slice(0, queryStart);
    const query = queryStart < 0 ? '' : incoming.url.slice(queryStart + 1);
    const bulk = readBulkPath(path);
    if (bulk !== null) return this.#bulkCall(bulk, incoming, query);
    const updateClient = /^\/m2\/([^/]+)\/profile\/update$/.exec(path)?.[1];
    if (updateClient !== undefined && (incoming.method === 'GET' || incoming.method === 'POST'))
      return this.#update(incoming, updateClient, query);
    if (path === deliveryPath && incoming.method === 'POST') return this.#deliver(incoming, query);
    if (incoming.method === 'GET') return this.#fetch(incoming, path, query);
    return notFound;
  }

  #bulkCall(call: BulkCall, incoming: Incoming, query: string): Reply {
    const isUpdate = call.kind === 'update';
    const isMethod = isUpdate ? incoming.method === 'POST' : ['GET', 'HEAD'].includes(incoming.method);
    if (!isMethod) return refusedBatch(405, 'Another method is expected here'); // assumed
    if (!isUpdate) return this.#bulk.status(call, query);
    if (!this.#isClient(call.clientCode)) return refusedBatch(404, 'Invalid client code'); // assumed
    if (!this.#isAuthorized(incoming)) return refusedBatch(401, 'Unauthorized'); // assumed
    const account = this.account(call.clientCode);
    return this.#bulk.update(call, incoming, account, incoming.origin, this.#options.clock.wallMs());
  }

  #update(incoming: Incoming, clientCode: string, query: string): Reply {
    const { counts } = this;
    counts.updates += 1;
    if (!this.#isClient(clientCode)) {
      counts.unauthorized += 1;
      return xmlError(400, 'Invalid client code'); // seen by others; the wording is assumed
    }
    if (!this.#isAuthorized(incoming)) {
      counts.unauthorized += 1;
      return xmlError(403, 'Forbidden'); // seen by others; the body is assumed
    }
    const account = this.account(clientCode);
    const overCap = this.#turnAway(account);
    if (overCap !== null) return overCap;
    counts.accepted += 1;

    const parameters = readParameters(incoming, query);
    if (parameters.kind === 'refused') return this.#refuse(parameters.reply);
    const update = readUpdate(parameters.list);
    if (update.kind === 'refused') return this.#refuse(xmlError(400, update.message));

    const fault = this.#fault(account, `${update.idType}:${update.id}`);
    const instead = fault === null ? null : insteadOfTaking(fault);
    if (instead !== null) return instead;
    const taken = this.#take(account, clientCode, update.idType, update.id, update.attributes);
    if (fault === 'cut-after') return cut;
    return fault === 'late-reply' ? { ...taken, delayMs: lateReplyMs } : taken;
  }

  /** assumed: no token is looked at, no cap counts these, and 400 is what all that is at fault is answered */
  #deliver(incoming: Incoming, query: string): Reply {
    const { counts } = this;
    counts.deliveries += 1;
    if (incoming.bodyBytes > deliveryBytesMax) return this.#refuse(deliveryError(413, 'A request is limited to 60 MB'));
    const read = readDelivery(query, incoming.body, incoming.userAgent);
    if (read.kind === 'refused') return this.#refuse(deliveryError(read.httpStatus, read.message));
    const { clientCode, idType, id, attributes, notificationIds } = read;
    if (!this.#isClient(clientCode)) {
      counts.unauthorized += 1;
      return deliveryError(400, 'Invalid client code');
    }
    const account = this.account(clientCode);
    const fault = this.#fault(account, `${idType}:${id}`);
    const instead = fault === null ? null : insteadOfTaking(fault);
    if (instead !== null) return instead;
    const { clock, onUpdate } = this.#options;
    counts.delivered += 1;
    account.settle(clock.monotonicMs());
    // Adobe's documentation: nothing is stored of a robot, and the reply looks the same. assumed: so it is of a session beside another.
    const isMixed = !account.isOwnSession(idType, id, read.sessionId, clock.monotonicMs());
    const robot = isRobot(read.userAgent);
    if (robot) counts.robots += 1;
    else if (isMixed) counts.mixedSessions += 1;
    else if (attributes.length > 0 && account.apply(idType, id, attributes, clock.wallMs()))
      onUpdate?.({ clientCode, idType, id, attributes });
    if (fault === 'cut-after') return cut;
    const taken = json(200, {
      status: 200,
      requestId: `sandbox-${counts.deliveries}`,
      client: clientCode,
      id: idType === 'pcId' ? { tntId: id } : { tntId: `sandbox-${id.length}.00_0`, thirdPartyId: id },
      edgeHost: 'mboxedge00.tt.omtrdc.net',
      notifications: notificationIds.map((notificationId) => ({ id: notificationId })),
    });
    return fault === 'late-reply' && taken.kind === 'answer' ? { ...taken, delayMs: lateReplyMs } : taken;
  }

  #knows(clientCode: string): boolean {
    return this.#options.known.length > 0 && this.#isClient(clientCode);
  }

  #isClient(clientCode: string): boolean {
    const { clientCode: only } = this.#options;
    return only === null || only.toLowerCase() === clientCode.toLowerCase();
  }

  #isAuthorized(incoming: Incoming): boolean {
    const { token } = this.#options;
    return token === null || incoming.authorization === `Bearer ${token}`;
  }

  /** assumed: what is answered over the cap, and that the window is the server's own time to the millisecond */
  #turnAway(account: Account): Reply | null {
    const nowMs = this.#options.clock.monotonicMs();
    const { cap } = this.#options;
    if (cap !== null && account.window.settle(nowMs) >= cap) {
      this.counts.turnedAway += 1;
      const seconds = Math.max(1, Math.ceil(account.window.untilOneLessMs(nowMs) / 1000));
      return xmlError(429, 'Too many updates in the last 24 hours', seconds);
    }
    account.window.add(nowMs);
    return null;
  }

  #refuse(reply: Reply): Reply {
    this.counts.refused += 1;
    return reply;
  }

  #fault(account: Account, visitor: string): Fault | null {
    const { seed, errorRate } = this.#options;
    if (errorRate <= 0) return null;
    const fault = faultFor(seed, errorRate, visitor, account.nextTryNumber(visitor));
    if (fault !== null) this.counts.faults += 1;
    return fault;
  }

  #take(account: Account, clientCode: string, idType: IdType, id: string, attributes: readonly Parameter[]): Reply {
    this.counts.taken += 1;
    const { clock, applyAfterMs, onUpdate, knownOnly } = this.#options;
    account.settle(clock.monotonicMs());
    if (knownOnly && account.find(idType, id) === null) {
      this.counts.unknownVisitor += 1;
      return submitted; // Adobe's documentation: no profile is created; assumed: the reply looks like success
    }
    if (attributes.length === 0) return submitted;
    // assumed: no document says what a profile that is full answers; this is the one place that says success false
    if (!account.fits(idType, id, attributes)) return this.#refuse(xmlError(200, 'The profile holds too much data'));
    const apply = () => {
      if (account.apply(idType, id, attributes, clock.wallMs())) onUpdate?.({ clientCode, idType, id, attributes });
    };
    if (applyAfterMs === 0) apply();
    else account.applyLater(clock.monotonicMs() + applyAfterMs, apply);
    return submitted;
  }

  #fetch(incoming: Incoming, path: string, query: string): Reply {
    const wanted = readFetchPath(path);
    if (wanted === null) return notFound;
    this.counts.fetches += 1;
    // Adobe's documentation: with authentication on, every profile call needs the token; the body is assumed
    if (!this.#isAuthorized(incoming)) return json(403, { status: 403, message: 'Forbidden' });
    const clientCode = readForm(query)?.find(([name]) => name === 'client')?.[1] ?? '';
    const profile = this.find(clientCode, wanted.idType, wanted.id);
    if (profile !== null) return json(200, describe(clientCode, wanted.id, profile));
    const idName = wanted.idType === 'thirdPartyId' ? 'third party id' : 'mboxPC';
    const message = `No profile found for client ${clientCode} with ${idName}=${wanted.id}`; // Adobe's documentation
    return json(404, { status: 404, message });
  }
}

const deliveryPath = '/rest/v1/delivery';

function deliveryError(httpStatus: number, message: string): Reply {
  return json(httpStatus, { status: httpStatus, message });
}

function readParameters(
  incoming: Incoming,
  query: string,
): { kind: 'parameters'; list: readonly Parameter[] } | { kind: 'refused'; reply: Reply } {
  // assumed: the statuses; that there is an error is documented
  if (incoming.url.length > getBytesMax)
    return { kind: 'refused', reply: xmlError(414, 'Path and query are limited to 8 KB') };
  if (incoming.bodyBytes > bodyBytesMax) return { kind: 'refused', reply: xmlError(413, 'A POST is limited to 60 KB') };
  const isForm = /^application\/x-www-form-urlencoded\s*(;|$)/i.test(incoming.contentType ?? '');
  // assumed: a body of another type is not looked at, as servers that decode forms do
  const form = incoming.method === 'POST' && isForm ? `${query}&${incoming.body}` : query;
  const list = readForm(form);
  if (list === null) return { kind: 'refused', reply: xmlError(400, 'The parameters are not URL-encoded UTF-8') };
  return { kind: 'parameters', list };
}

function insteadOfTaking(fault: Fault): Reply | null {
  switch (fault) {
    case 'server-error':
      return xmlError(500, 'Internal error');
    case 'unavailable':
      return xmlError(503, 'Unavailable', 1);
    case 'cut-before':
      return cut;
    case 'html-page':
      return htmlPage;
    case 'cut-after':
    case 'late-reply':
      return null;
  }
}

function readFetchPath(path: string): { idType: IdType; id: string } | null {
  const match = /^\/rest\/v1\/profiles\/(thirdPartyId\/)?([^/]+)$/.exec(path);
  const encoded = match?.[2];
  if (encoded === undefined) return null;
  try {
    return { idType: match?.[1] === undefined ? 'pcId' : 'thirdPartyId', id: decodeURIComponent(encoded) };
  } catch {
    return null; // a broken %: the page does not exist
  }
}

/** Adobe's documentation: the form of a profile; attribute names without `profile.` */
function describe(clientCode: string, id: string, profile: Profile): unknown {
  const modifiedAt = (atMs: number) => new Date(atMs).toISOString();
  return {
    client: clientCode,
    visitorId: id,
    modifiedAt: modifiedAt(profile.modifiedAtMs),
    profileAttributes: Object.fromEntries(
      Array.from(profile.attributes, ([name, { value, modifiedAtMs }]) => [
        name,
        { value, modifiedAt: modifiedAt(modifiedAtMs) },
      ]),
    ),
  };
}
