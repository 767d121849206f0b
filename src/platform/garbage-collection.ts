import { setFlagsFromString } from 'node:v8';

/**
 * How V8 collects garbage, for one thread that sends beside one that reads. Only V8 has to know these settings: one
 * that does not says so, and does as it always did.
 *
 * - It lets old garbage grow to three times what is alive, which a long file's run comes to and a short one's does not.
 *   At half of what is alive memory stays where it is within seconds, whatever the file's length (test/bench/RESULTS.md).
 * - It shares out the collection of young garbage among threads, and next to nothing of it survives here: to wait for
 *   them takes longer than to do it alone, and they take the cores from the threads that work.
 */
export function setUpGarbageCollection(): void {
  setFlagsFromString('--heap-growing-percent=50');
  setFlagsFromString('--no-parallel-scavenge');
}
