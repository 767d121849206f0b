import type { RouteName } from '../terms/outcome.js';
import type { Columns } from './columns.js';
import { deliveryAttributesMax } from './limits.js';
import { formBytesMaxOf, type Method } from './prepare.js';

/** Some forms of one visitor as one. */
export interface MergedForm {
  readonly form: string;
  /** How many of the following forms are in it: those before the first one that does not fit. */
  readonly followingCount: number;
}

/** `following`: forms of the same visitor, in the file's order. */
export type MergeForms = (first: string, following: Iterable<string>) => MergedForm;

/**
 * Makes the function that merges prepared forms (`mbox3rdPartyId=…&profile.a=…`) into one that leaves the visitor as the
 * forms would, one after the other: of each attribute the last value stands. An empty value is in no form, so an earlier
 * value stays. Pure.
 */
export function makeFormMerger(
  { attributes }: Pick<Columns, 'attributes'>,
  options: { readonly method: Method; readonly clientCode: string; readonly route: RouteName },
): MergeForms {
  const places = new Map(attributes.map(({ formKey }, place) => [formKey, place]));
  const bytesMax = formBytesMaxOf(options);
  const attributesMax = options.route === 'delivery' ? deliveryAttributesMax : Number.POSITIVE_INFINITY;
  return (first, following) => {
    const merged = new Merged(first, places);
    let followingCount = 0;
    for (const form of following) {
      if (!merged.add(form, bytesMax, attributesMax)) break;
      followingCount += 1;
    }
    return { form: followingCount === 0 ? first : merged.form, followingCount };
  };
}

class Merged {
  readonly #places: ReadonlyMap<string, number>;
  readonly #idPair: string;
  /** By the place of its attribute in the file: `&profile.a=…`. */
  readonly #pairs: (string | undefined)[] = [];
  #length: number;
  #count = 0;

  constructor(form: string, places: ReadonlyMap<string, number>) {
    this.#places = places;
    this.#idPair = form.slice(0, pairEnd(form, 0));
    this.#length = this.#idPair.length;
    this.add(form, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  get form(): string {
    return this.#idPair + this.#pairs.filter((pair) => pair !== undefined).join('');
  }

  /** `false`: with this form it would be longer, or have more attributes, than that, and it stays as it was. */
  add(form: string, lengthMax: number, attributesMax: number): boolean {
    const added: [number, string][] = [];
    let length = this.#length;
    let count = this.#count;
    for (let start = this.#idPair.length; start < form.length; ) {
      const end = pairEnd(form, start + 1);
      const pair = form.slice(start, end);
      const place = this.#placeOf(pair.slice(1, pair.indexOf('=') + 1));
      const before = this.#pairs[place];
      length += pair.length - (before?.length ?? 0);
      if (before === undefined) count += 1;
      added.push([place, pair]);
      start = end;
    }
    if (length > lengthMax || count > attributesMax) return false;
    for (const [place, pair] of added) this.#pairs[place] = pair;
    this.#length = length;
    this.#count = count;
    return true;
  }

  #placeOf(formKey: string): number {
    const place = this.#places.get(formKey);
    if (place === undefined) throw new Error('a form holds an attribute that is not a column of the file');
    return place;
  }
}

function pairEnd(form: string, start: number): number {
  const end = form.indexOf('&', start);
  return end < 0 ? form.length : end;
}
