import type { Parameter } from './form.js';
import { RollingWindow } from './rolling-window.js';
import type { IdType } from './update.js';

export interface Attribute {
  readonly value: string;
  readonly modifiedAtMs: number;
}

export interface Profile {
  readonly attributes: Map<string, Attribute>;
  modifiedAtMs: number;
  /** Names and values in UTF-8. */
  sizeBytes: number;
}

/** Adobe's documentation: 64 KB of external profile data per visitor. assumed: KB is 1,000 bytes */
const profileBytesMax = 64_000;

/** What stands behind one client code: its visitors, and its updates in the rolling window. */
export class Account {
  readonly window: RollingWindow;
  readonly #profiles: Readonly<Record<IdType, Map<string, Profile>>> = { pcId: new Map(), thirdPartyId: new Map() };
  readonly #tryCounts = new Map<string, number>();

  constructor(windowMs: number) {
    this.window = new RollingWindow(windowMs);
  }

  find(idType: IdType, id: string): Profile | null {
    return this.#profiles[idType].get(id) ?? null;
  }

  create(idType: IdType, id: string, nowMs: number): Profile {
    const profile = { attributes: new Map<string, Attribute>(), modifiedAtMs: nowMs, sizeBytes: 0 };
    this.#profiles[idType].set(id, profile);
    return profile;
  }

  /** From 1, counting this one. */
  nextTryNumber(visitor: string): number {
    const tryNumber = (this.#tryCounts.get(visitor) ?? 0) + 1;
    this.#tryCounts.set(visitor, tryNumber);
    return tryNumber;
  }
}

/** Sets the attributes, the later value standing; `false` and nothing changed if the profile would grow too large. */
export function apply(profile: Profile, attributes: readonly Parameter[], nowMs: number): boolean {
  const sizeBytes = sizeAfter(profile, attributes);
  if (sizeBytes > profileBytesMax) return false;
  for (const [name, value] of attributes) profile.attributes.set(name, { value, modifiedAtMs: nowMs });
  profile.modifiedAtMs = nowMs;
  profile.sizeBytes = sizeBytes;
  return true;
}

function sizeAfter(profile: Profile, attributes: readonly Parameter[]): number {
  let sizeBytes = profile.sizeBytes;
  for (const [name, value] of new Map(attributes)) {
    const before = profile.attributes.get(name);
    sizeBytes +=
      Buffer.byteLength(value) - (before === undefined ? -Buffer.byteLength(name) : Buffer.byteLength(before.value));
  }
  return sizeBytes;
}
