import type { Kind } from './setting.js';

/** What only `verify` is told. */

export type Sample =
  | { readonly kind: 'all' }
  | { readonly kind: 'visitors'; readonly visitors: number }
  | { readonly kind: 'share'; readonly share: number };

/** `1000` visitors, `5%` of them, or `all`. */
export const sampleKind: Kind<Sample> = {
  expected: 'a number of visitors (1000), a share of them (5%), or all',
  read(text) {
    if (text === 'all') return { kind: 'value', value: { kind: 'all' } };
    if (/^[1-9]\d{0,11}$/.test(text)) return { kind: 'value', value: { kind: 'visitors', visitors: Number(text) } };
    const [, percent = ''] = /^(\d{1,3}(?:\.\d{1,6})?)%$/.exec(text) ?? [];
    const share = Number(percent) / 100;
    if (percent === '' || share <= 0 || share > 1) return { kind: 'wrong', why: null };
    return { kind: 'value', value: { kind: 'share', share } };
  },
  otherForm: (given) => (typeof given === 'number' || typeof given === 'string' ? String(given) : null),
  show(sample) {
    if (sample.kind === 'all') return 'all';
    return sample.kind === 'visitors' ? String(sample.visitors) : `${Number((sample.share * 100).toFixed(6))}%`;
  },
};
