import { VisitorSet } from '../hash/visitor-set.js';
import { faultStop } from '../job/terms/stops.js';
import type { Memory } from '../memory/memory.js';
import type { Clock, DiskFile, Random } from '../platform/ports.js';
import { onDisk } from '../storage/disk-errors.js';
import { formEncode } from '../target-api/characters/encode.js';
import type { IdType } from '../target-api/columns.js';
import type { Answer, Asker } from './asker.js';
import { judgeNotFound, judgeProfile, type SubmittedAt } from './judge.js';
import { RowSet } from './row-set.js';
import { noCounts, type Verdict, type VisitorVerdict } from './terms.js';
import { type FoundLine, formatLine, type VerifyLine } from './verify-log.js';
import type { Expected } from './visitor-draw.js';

export interface VerifyRunPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly asker: Asker;
  readonly memory: Memory | null;
  readonly log: DiskFile;
  readonly logPath: string;
  /** Called when a visitor's line is written. */
  readonly onVerdict: (verdict: VisitorVerdict) => void;
}

/** Pauses before those that are not there yet are asked again: 15 s, 30 s … 10 minutes at most. */
const firstPauseMs = 15_000;
const pauseMaxMs = 600_000;

/**
 * The verdicts of one verify as they come in.
 *
 * Invariants: a visitor has one line; its line is written after the memory has marked it unknown, where it has to be; a
 * visitor that is asked again later has no line yet, so an interrupted run asks about it again.
 */
export class VerifyRun {
  readonly counts = noCounts();
  readonly notFound: VisitorSet;
  readonly #ports: VerifyRunPorts;
  readonly #idKey: string;
  readonly #done = new RowSet();
  #unwritten: VerifyLine[] = [];
  #writing: Promise<void> | null = null;
  #fault: unknown = null;

  constructor(ports: VerifyRunPorts, idType: IdType) {
    this.#ports = ports;
    this.#idKey = idType === 'pcId' ? 'mboxPC=' : 'mbox3rdPartyId=';
    this.notFound = new VisitorSet(ports.random);
  }

  /** A line that an interrupted run wrote. */
  readonly knows = ({ rowNumber, id, verdict }: FoundLine): void => {
    this.#done.add(rowNumber);
    this.#count(verdict, id);
  };

  isDone({ rowNumber }: Expected): boolean {
    return this.#done.has(rowNumber);
  }

  get askedCount(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }

  /** Asks about all of them; those not there yet again until `untilMs` (monotonic). */
  async ask(
    visitors: readonly Expected[],
    submittedAt: SubmittedAt,
    untilMs: number,
    onWait: () => void,
  ): Promise<void> {
    const { asker, clock } = this.#ports;
    let open = visitors;
    let pauseMs = firstPauseMs;
    while (open.length > 0 && asker.stopped === null) {
      const leftMs = untilMs - clock.monotonicMs();
      const waiting: Expected[] = [];
      await asker.askAll(open, (expected, answer) => {
        const line = this.#judge(expected, answer, submittedAt);
        if (line.verdict === 'pending' && leftMs > 0) waiting.push(expected);
        else this.#settle(line);
      });
      await this.#written();
      open = waiting;
      if (open.length === 0) break;
      onWait();
      await asker.wait(Math.max(0, Math.min(pauseMs, untilMs - clock.monotonicMs())));
      pauseMs = Math.min(pauseMaxMs, 2 * pauseMs);
    }
  }

  #judge(expected: Expected, answer: Answer, submittedAt: SubmittedAt): VerifyLine {
    const checkedAtMs = this.#ports.clock.wallMs();
    const line = { expected, checkedAtMs, reason: null };
    switch (answer.kind) {
      case 'profile':
        return { ...line, ...judgeProfile(expected, answer.attributes, submittedAt, checkedAtMs, answer.aheadMs) };
      case 'not-found':
        return { ...line, ...judgeNotFound(expected, submittedAt, checkedAtMs) };
      case 'unreadable': {
        const compared = expected.attributes.size;
        return { ...line, verdict: 'unreadable', matching: 0, compared, reason: answer.code };
      }
    }
  }

  #settle(line: VerifyLine): void {
    this.#unwritten.push(line);
    this.#writeSoon();
  }

  #writeSoon(): void {
    this.#writing ??= this.#write()
      .catch((error: unknown) => {
        this.#fault ??= error;
        this.#ports.asker.stop(faultStop(error));
      })
      .finally(() => {
        this.#writing = null;
      });
  }

  async #written(): Promise<void> {
    while (this.#fault === null && (this.#writing !== null || this.#unwritten.length > 0)) {
      this.#writeSoon();
      await this.#writing;
    }
    if (this.#fault !== null) throw this.#fault;
  }

  async #write(): Promise<void> {
    const { memory, log, logPath, onVerdict } = this.#ports;
    while (this.#unwritten.length > 0 && this.#fault === null) {
      const lines = this.#unwritten;
      this.#unwritten = [];
      const doubted = lines.filter(({ verdict }) => isDoubted(verdict));
      if (memory !== null && doubted.length > 0) {
        await memory.doubt(doubted.map(({ expected }) => this.#idKey + formEncode(expected.id)));
      }
      await onDisk(`write ${logPath}`, () => log.append(Buffer.from(lines.map(formatLine).join(''))));
      for (const { expected, ...judged } of lines) {
        const { rowNumber, lineNumber, id } = expected;
        this.#count(judged.verdict, id);
        onVerdict({ rowNumber, lineNumber, id, ...judged });
      }
    }
  }

  #count(verdict: Verdict, id: string): void {
    this.counts[verdict] += 1;
    if (verdict === 'not-found') this.notFound.add(id);
  }
}

/** Target holds other values than the memory says. */
function isDoubted(verdict: Verdict): boolean {
  return verdict === 'not-found' || verdict === 'different' || verdict === 'overwritten';
}
