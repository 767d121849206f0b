import type { LookupFunction } from 'node:net';
import { familyOf, isLoopbackAddress } from '../../endpoint/addresses.js';
import type { LookUp } from '../../platform/ports.js';
import { systemCode } from '../../terms/errors.js';
import { addressChangedCode } from './network-codes.js';

/**
 * Names as connections look them up: only addresses for which `isLoopback` is what the run decided on are connected to.
 * So a name that changes its meaning while a run lasts never gets ids, values or a token that were meant for another machine.
 */
export function guardedLookUp(isLoopback: boolean, lookUp: LookUp): LookupFunction {
  return (hostname, { all }, callback) => {
    const fail = (error: Error) => callback(Object.assign(error, { code: systemCode(error) ?? 'EAI_FAIL' }), '');
    lookUp(hostname)
      .then((addresses) => {
        const [first, ...others] = addresses.filter((address) => isLoopbackAddress(address) === isLoopback);
        if (first === undefined) {
          fail(Object.assign(new Error(changedMessage(hostname, isLoopback)), { code: addressChangedCode }));
        } else if (all === true) {
          callback(
            null,
            [first, ...others].map((address) => ({ address, family: familyOf(address) })),
          );
        } else callback(null, first, familyOf(first));
      })
      .catch(fail);
  };
}

function changedMessage(hostname: string, isLoopback: boolean): string {
  const [before, now] = isLoopback ? ['a loopback address', 'another'] : ['another address', 'a loopback address'];
  return `${hostname} had ${before} when the run began, and has ${now} now`;
}
