import { asSettled, bucketMs, dayMs, type SettledBucket, unitsOf } from '../ledger/buckets.js';
import type { HomeTime } from '../ledger/home-time.js';
import { settledOf } from '../ledger/ledger.js';
import type { Drawn, LedgerState, LedgerWork } from '../ledger/ledger-home.js';
import { ledgerMs } from '../ledger/ledger-time.js';

/** What one home's ledger holds, without that home's time: so it can be added to a ledger of another home. Pure. */
export interface PackedLedger {
  readonly limit: number;
  readonly reserve: number;
  readonly buckets: readonly PackedBucket[];
}

interface PackedBucket {
  readonly units: number;
  /** How long ago they were used. */
  readonly agoMs: number;
  /** How much longer they count. */
  readonly leftMs: number;
}

/** Open buckets as if they settled now. `null`: nothing was ever drawn. */
export function packLedger(state: LedgerState, now: HomeTime): PackedLedger | null {
  const { ledger } = state;
  if (ledger === null) return null;
  const nowMs = ledgerMs(now);
  const settled = [...settledOf(state), ...ledger.open.map((bucket) => asSettled(bucket, now))];
  const buckets = settled
    .map(({ units, usedAtMs, freeAtMs }) => ({ units, agoMs: nowMs - usedAtMs, leftMs: freeAtMs - nowMs }))
    .filter(({ units, leftMs }) => units > 0 && leftMs > 0);
  return { limit: ledger.limit, reserve: ledger.reserve, buckets };
}

/**
 * Adds a packed ledger to what is there. Only once: a home that has committed this number gives its earlier answer.
 * Settled buckets get new indices, because they are put in order among those that are there.
 */
export function addLedger({ limit, reserve, buckets }: PackedLedger): LedgerWork<Drawn> {
  return (state, time) => {
    if (state.lastDraw !== null) return { change: null, answer: state.lastDraw.answer };
    const own = state.ledger;
    const open = own?.open ?? [];
    const nowMs = ledgerMs(time);
    // Numbers rise from the settled buckets to the open ones.
    const numberMax = Math.min(Math.floor(nowMs / bucketMs), (open[0]?.number ?? Number.POSITIVE_INFINITY) - 1);
    const added = buckets.map(({ units, agoMs, leftMs }): SettledBucket => {
      const usedAtMs = Math.max(0, Math.floor(nowMs - agoMs));
      const number = Math.min(numberMax, Math.floor(usedAtMs / bucketMs));
      return { number, units, usedAtMs, freeAtMs: Math.ceil(nowMs + leftMs + time.marginMs) };
    });
    const merged = merge([...settledOf(state), ...added]);
    const firstIndex = own?.nextIndex ?? 0;
    const usedUnits = unitsOf(merged) + unitsOf(open);
    const answer: Drawn = { grantedUnits: 0, bucketNumber: 0, goodForMs: 0, usedUnits, nextFreeInMs: dayMs };
    return {
      change: {
        ledger: {
          limit: own?.limit ?? limit,
          reserve: own?.reserve ?? reserve,
          usedUnits,
          firstIndex,
          nextIndex: firstIndex + merged.length,
          open,
        },
        buckets: new Map(merged.map((bucket, place) => [firstIndex + place, bucket])),
        lastDraw: { number: 1, answer },
      },
      answer,
    };
  };
}

/** In the order of their numbers, one of each. */
function merge(buckets: readonly SettledBucket[]): SettledBucket[] {
  const byNumber = new Map<number, SettledBucket>();
  for (const bucket of buckets) {
    const same = byNumber.get(bucket.number);
    byNumber.set(bucket.number, {
      ...bucket,
      units: bucket.units + (same?.units ?? 0),
      freeAtMs: Math.max(bucket.freeAtMs, same?.freeAtMs ?? 0),
    });
  }
  return [...byNumber.values()].sort((one, other) => one.number - other.number);
}
