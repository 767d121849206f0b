import type { OutgoingTry } from '../../platform/ports.js';
import type { RouteName, TryOutcome } from '../../terms/outcome.js';
import type { JudgedReply } from '../classify.js';

/** What a route is told of a row. */
export interface RoutedRow {
  readonly rowNumber: number;
  /** `mbox3rdPartyId=…&profile.a=…`: ASCII, id and attributes URL-encoded. */
  readonly form: string;
}

/** A way to make a request of a row, and to judge its reply. Pure. Everything else is the same for all routes. */
export interface Route {
  readonly name: RouteName;
  /** `authorization`: the whole header (`Bearer …`), or `null`. `nowWallMs`: when the attempt leaves. */
  outgoing(row: RoutedRow, authorization: string | null, nowWallMs: number): OutgoingTry;
  /** Reasons carry what the server said in words: pass them through `redact` before they are written or kept. */
  judge(row: RoutedRow, reply: JudgedReply, nowWallMs: number): TryOutcome;
  /** Whether a row that another route can carry is within this one's limits. */
  carries(form: string): boolean;
}
