import { join } from 'node:path';
import type { Clock, Disk, DiskPath, FileStat } from '../platform/ports.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { Arrivals } from './arrivals.js';
import type { FoundJob } from './finish-moves.js';
import { jobFilesFor, type Place } from './folders.js';
import { matcherOf, nameBytesMax, pathBeside, textOf, whyNoInput } from './names.js';
import { byTurn, type Input, inputOf, type NameFault, nextInput } from './next-input.js';
import type { DropOptions } from './options.js';

/** A name that is never taken, and why. */
export interface PassedOver {
  readonly name: string;
  readonly why: string;
}

export type InboxOptions = Pick<DropOptions, 'match' | 'marker' | 'sandbox' | 'settleMs'>;

type Named = Pick<Input, 'key' | 'name' | 'path' | 'nameFault'>;

/** Stats at once: enough that the disk is not waited for, few enough that nothing else waits for the disk. */
const statsAtOnce = 16;

/**
 * What the drop folder holds, in the order in which files are sent.
 *
 * Invariants: the folder is listed by `lookAtAll` alone; afterwards only the names that are asked for are looked at, so
 * the cost of a file does not grow with how many there are. `#inputs` are the wanted regular files as last seen, sorted
 * by their turn; `#byKey` holds the same ones.
 */
export class Inbox {
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #place: Place;
  readonly #options: InboxOptions;
  readonly #isMatched: (name: string) => boolean;
  readonly #arrivals: Arrivals;
  #jobs = new Map<string, FoundJob>();
  #inputs: Input[] = [];
  #byKey = new Map<string, Input>();
  #firstLookMonotonicMs: number | null = null;
  readonly #hidden = new Set<string>();
  /** No longer hidden, and not looked at since. */
  #shown: string[] = [];

  constructor(disk: Disk, clock: Clock, place: Place, options: InboxOptions) {
    this.#disk = disk;
    this.#clock = clock;
    this.#place = place;
    this.#options = options;
    this.#isMatched = matcherOf(options.match);
    this.#arrivals = new Arrivals(options);
  }

  get inputs(): readonly Input[] {
    return this.#inputs;
  }

  next(): Input | null {
    return nextInput(this.#inputs);
  }

  /** What has stood still since the first look has settled by then; `null` before the first look. */
  firstSettledMonotonicMs(): number | null {
    return this.#firstLookMonotonicMs === null ? null : this.#firstLookMonotonicMs + this.#options.settleMs;
  }

  /** The whole folder; `jobs`: what earlier runs left. Resolves to the names that are passed over. */
  async lookAtAll(jobs: readonly FoundJob[]): Promise<PassedOver[]> {
    this.#jobs = new Map(jobs.map((job) => [job.files.stem, job]));
    this.#shown = [];
    const { root } = this.#place;
    const listed = await onDisk(`look at ${root}`, () => this.#disk.listBytes(root));
    const texts = listed.map(textOf);
    const keys = new Set(listed.map((bytes, index) => keyOf(bytes, texts[index] ?? null)));
    const passedOver: PassedOver[] = [];
    const wanted: Named[] = [];
    for (const [index, bytes] of listed.entries()) {
      const text = texts[index] ?? null;
      const why = this.#whyPassedOver(text ?? Buffer.from(bytes).toString('utf8'));
      if (why === null) wanted.push(this.#named(bytes, text));
      else if (why !== '') passedOver.push({ name: text ?? Buffer.from(bytes).toString('utf8'), why });
    }
    this.#firstLookMonotonicMs ??= this.#clock.monotonicMs();
    const inputs: Input[] = [];
    for (let first = 0; first < wanted.length; first += statsAtOnce) {
      const some = wanted.slice(first, first + statsAtOnce);
      const stats = await Promise.all(some.map((named) => this.#stat(named.path)));
      for (const [index, named] of some.entries()) {
        const stat = stats[index] ?? null;
        if (stat?.kind === 'file') inputs.push(this.#seen(named, stat, keys.has(this.#markerKey(named))));
        else if (stat !== null && !this.#isOwnFolder(named.name))
          passedOver.push({ name: named.name, why: 'not a file' });
      }
    }
    this.#replaceAll(inputs);
    return passedOver;
  }

  /** These names alone, after the system reported them as changed; names that are not inputs do no harm. */
  async lookAt(names: Iterable<string>): Promise<void> {
    const { marker } = this.#options;
    const shown = this.#shown;
    this.#shown = [];
    for (const name of new Set([...names, ...shown])) {
      const owner = marker !== null && name.endsWith(marker) ? name.slice(0, -marker.length) : name;
      await this.#lookAtOne(this.#byKey.get(owner) ?? this.#named(Buffer.from(owner), owner));
    }
  }

  /** Those that settle about now, if nothing has touched them. */
  async lookAtDue(): Promise<void> {
    const nowMonotonicMs = this.#clock.monotonicMs();
    for (const input of [...this.#inputs]) {
      const { arrival } = input;
      const isDue =
        arrival.kind === 'coming' && arrival.dueMonotonicMs !== null && arrival.dueMonotonicMs <= nowMonotonicMs;
      if (isDue) await this.#lookAtOne(input);
    }
  }

  /** A look at one that had its turn when it was last seen. Whether it still has it. */
  async stillHasTurn(input: Input): Promise<boolean> {
    await this.#lookAtOne(input);
    return this.next()?.key === input.key;
  }

  /** It was put away, or has gone. */
  remove(input: Input): void {
    this.#jobs.delete(jobFilesFor(this.#place, input.name, this.#options.sandbox).stem);
    this.#drop(input.key);
  }

  /** It is being put away: until that is done, what its name leads to is not an input. */
  hide(input: Input): void {
    this.remove(input);
    this.#hidden.add(input.key);
  }

  /** It was put away. What came under its name meanwhile is looked at with the next names. */
  show({ key }: Input): void {
    this.#hidden.delete(key);
    this.#shown.push(key);
  }

  async #lookAtOne(named: Named): Promise<void> {
    if (this.#hidden.has(named.key)) return;
    const { marker } = this.#options;
    const isWanted = this.#whyPassedOver(named.name) === null;
    const stat = isWanted ? await this.#stat(named.path) : null;
    this.#take(named.key);
    if (stat?.kind !== 'file') {
      this.#arrivals.forget(named.key);
      return;
    }
    const hasMarker = marker !== null && (await this.#stat(pathBeside(named.path, marker))) !== null;
    this.#put(this.#seen(named, stat, hasMarker));
  }

  #seen(named: Named, stat: FileStat, hasMarker: boolean): Input {
    const arrival = this.#arrivals.see(named.key, stat, hasMarker, this.#clock.monotonicMs());
    return inputOf(named, stat, arrival, this.#jobOf(named.name));
  }

  #jobOf(name: string): FoundJob | undefined {
    return this.#jobs.get(jobFilesFor(this.#place, name, this.#options.sandbox).stem);
  }

  /** `null`: it is wanted; empty: it is passed over without a notice. */
  #whyPassedOver(name: string): string | null {
    const { marker } = this.#options;
    if (name.startsWith('.') || this.#isOwnFolder(name)) return '';
    if (marker !== null && name.endsWith(marker)) return '';
    const why = whyNoInput(name, marker);
    if (why !== null) return why;
    return this.#isMatched(name) || this.#jobOf(name) !== undefined ? null : 'does not match --match';
  }

  #isOwnFolder(name: string): boolean {
    const path = join(this.#place.root, name);
    return path === this.#place.archive || path === this.#place.failed;
  }

  #named(bytes: Uint8Array, text: string | null): Named {
    const { root } = this.#place;
    if (text === null) {
      const path = Buffer.concat([Buffer.from(join(root, '/')), bytes]);
      return { key: keyOf(bytes, null), name: Buffer.from(bytes).toString('utf8'), path, nameFault: notUtf8 };
    }
    const nameFault = bytes.length > nameBytesMax ? tooLongName(bytes.length) : null;
    return { key: text, name: text, path: join(root, text), nameFault };
  }

  /** No marker: no name has this key. */
  #markerKey({ key, path }: Named): string {
    const marker = this.#options.marker ?? '/';
    return key + (typeof path === 'string' ? marker : Buffer.from(marker).toString('latin1'));
  }

  #stat(path: DiskPath): Promise<FileStat | null> {
    return onDisk(`look at ${this.#place.root}`, () => unlessMissing(this.#disk.stat(path)));
  }

  #replaceAll(inputs: Input[]): void {
    const keys = new Set(inputs.map(({ key }) => key));
    for (const key of this.#byKey.keys()) if (!keys.has(key)) this.#arrivals.forget(key);
    this.#inputs = inputs.sort(byTurn);
    this.#byKey = new Map(inputs.map((input) => [input.key, input]));
  }

  #put(input: Input): void {
    this.#byKey.set(input.key, input);
    this.#inputs.splice(this.#placeOf(input), 0, input);
  }

  #drop(key: string): void {
    this.#take(key);
    this.#arrivals.forget(key);
  }

  #take(key: string): void {
    const input = this.#byKey.get(key);
    if (input === undefined) return;
    this.#byKey.delete(key);
    this.#inputs.splice(this.#placeOf(input), 1);
  }

  /** Where it is, or belongs. */
  #placeOf(input: Input): number {
    let low = 0;
    let high = this.#inputs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#inputs[middle];
      if (other !== undefined && byTurn(other, input) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function keyOf(bytes: Uint8Array, text: string | null): string {
  return text ?? `\0${Buffer.from(bytes).toString('latin1')}`;
}

const notUtf8: NameFault = {
  code: 'file-name-bytes',
  message:
    'expected a file name in UTF-8; found other bytes, so its job files cannot be named. Upload it under another name',
};

export function tooLongName(foundBytes: number): NameFault {
  return {
    code: 'file-name-length',
    message: `expected a file name of up to ${nameBytesMax} bytes, so that its job files can be named; found ${foundBytes} bytes. Upload it under a shorter name`,
  };
}
