import { BoundedMap } from './bounded-map.js';
import type { Parameter } from './form.js';
import { RollingWindow } from './rolling-window.js';
import type { IdType } from './update.js';

export interface Attribute {
  readonly value: string;
  readonly modifiedAtMs: number;
}

export interface Profile {
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly modifiedAtMs: number;
  /** Names and values in UTF-8. */
  readonly sizeBytes: number;
}

/** Adobe's documentation: 64 KB of external profile data per visitor. assumed: KB is 1,000 bytes */
const profileBytesMax = 64_000;

/** All profiles of a sandbox, in bytes (roughly): beyond, the one updated longest ago is dropped. */
const keptBytesMax = 64_000_000;
/** The updates of a window whose times are kept, where no cap bounds them. */
const timesMax = 4_000_000;
/** What a profile and an attribute take beside their text, roughly. */
const profileBytes = 500;
const attributeBytes = 200;
/** Updates that wait for --apply-after, and visitors whose attempts are counted. */
const waitingMax = 100_000;
const countedVisitorsMax = 100_000;

export type Profiles = BoundedMap<string, Profile>;

/** What all accounts of a sandbox keep their profiles in. */
export function makeProfiles(): Profiles {
  return new BoundedMap(keptBytesMax);
}

interface Waiting {
  readonly visibleAtMs: number;
  readonly apply: () => void;
}

/** Adobe's documentation: another session of a visitor within that time gives unpredictable changes. */
const sessionMs = 1_800_000;

/** What stands behind one client code: its visitors, and its updates in the rolling window. Bounded in all it keeps. */
export class Account {
  readonly window: RollingWindow;
  readonly #clientCode: string;
  readonly #profiles: Profiles;
  readonly #known = new Set<string>();
  readonly #sessions = new BoundedMap<string, { readonly sessionId: string; readonly atMs: number }>(
    countedVisitorsMax,
  );
  readonly #tryCounts = new BoundedMap<string, number>(countedVisitorsMax);
  /** In the order in which they become visible, for the delay is the same for all. */
  #waiting: Waiting[] = [];
  #firstWaiting = 0;

  constructor(clientCode: string, windowMs: number, cap: number | null, profiles: Profiles) {
    this.#clientCode = clientCode;
    this.#profiles = profiles;
    this.window = new RollingWindow(windowMs, cap ?? timesMax);
  }

  find(idType: IdType, id: string): Profile | null {
    const key = this.#keyOf(idType, id);
    return this.#profiles.get(key) ?? (this.#known.has(key) ? noProfile : null);
  }

  /** Makes a visitor known for good; its attributes may be dropped, the visitor is not. */
  meet(idType: IdType, id: string): void {
    this.#known.add(this.#keyOf(idType, id));
  }

  /** Sets the attributes, the later value standing; `false` and nothing changed if the profile would grow too large. */
  apply(idType: IdType, id: string, attributes: readonly Parameter[], nowMs: number): boolean {
    const before = this.find(idType, id) ?? noProfile;
    const sizeBytes = sizeAfter(before, attributes);
    if (sizeBytes > profileBytesMax) return false;
    const after = new Map(before.attributes);
    for (const [name, value] of attributes) after.set(name, { value, modifiedAtMs: nowMs });
    const weight = sizeBytes + id.length + profileBytes + after.size * attributeBytes;
    this.#profiles.set(this.#keyOf(idType, id), { attributes: after, modifiedAtMs: nowMs, sizeBytes }, weight);
    return true;
  }

  fits(idType: IdType, id: string, attributes: readonly Parameter[]): boolean {
    return sizeAfter(this.find(idType, id) ?? noProfile, attributes) <= profileBytesMax;
  }

  /** Where too many wait, the one that waits longest is applied early. */
  applyLater(visibleAtMs: number, apply: () => void): void {
    this.#waiting.push({ visibleAtMs, apply });
    if (this.#waiting.length - this.#firstWaiting > waitingMax) this.#applyFirst();
  }

  /** Applies what is due. Call it before a profile is read. */
  settle(nowMs: number): void {
    for (let first = this.#waiting[this.#firstWaiting]; first !== undefined && first.visibleAtMs <= nowMs; ) {
      this.#applyFirst();
      first = this.#waiting[this.#firstWaiting];
    }
  }

  /** `false`: the visitor's session is another one. The one that was seen last stands. */
  isOwnSession(idType: IdType, id: string, sessionId: string, nowMs: number): boolean {
    const key = this.#keyOf(idType, id);
    const last = this.#sessions.get(key);
    this.#sessions.set(key, { sessionId, atMs: nowMs });
    return last === undefined || last.sessionId === sessionId || nowMs - last.atMs >= sessionMs;
  }

  /** From 1, counting this one. */
  nextTryNumber(visitor: string): number {
    const tryNumber = (this.#tryCounts.get(visitor) ?? 0) + 1;
    this.#tryCounts.set(visitor, tryNumber);
    return tryNumber;
  }

  #keyOf(idType: IdType, id: string): string {
    return `${this.#clientCode}:${idType}:${id}`;
  }

  #applyFirst(): void {
    const first = this.#waiting[this.#firstWaiting];
    this.#firstWaiting += 1;
    if (this.#firstWaiting * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#firstWaiting);
      this.#firstWaiting = 0;
    }
    first?.apply();
  }
}

const noProfile: Profile = { attributes: new Map(), modifiedAtMs: 0, sizeBytes: 0 };

function sizeAfter(profile: Profile, attributes: readonly Parameter[]): number {
  let sizeBytes = profile.sizeBytes;
  for (const [name, value] of new Map(attributes)) {
    const before = profile.attributes.get(name);
    sizeBytes +=
      Buffer.byteLength(value) - (before === undefined ? -Buffer.byteLength(name) : Buffer.byteLength(before.value));
  }
  return sizeBytes;
}
