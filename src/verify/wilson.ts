/** 95 % of a normal distribution lies within this many standard deviations. */
const z = 1.959_963_984_540_054;

/** The share of a sample with its 95 % interval, after Wilson (1927): good for small samples, and never outside 0 to 1. */
export function wilson(hits: number, count: number): { value: number; low: number; high: number } | null {
  if (count === 0) return null;
  const share = hits / count;
  const scale = 1 + (z * z) / count;
  const middle = (share + (z * z) / (2 * count)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count));
  return { value: share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}
