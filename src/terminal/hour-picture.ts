/** A little picture of the last 24 hours: one character an hour, the more the higher. */

const blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const plain = ['_', '.', ':', '-', '=', '+', '*', '#'];

/** `used` by hour, the oldest first; hours without use are a space-wide dot, the fullest is the full height. */
export function hourPicture(used: readonly number[], isUtf8: boolean): string {
  const steps = isUtf8 ? blocks : plain;
  const most = Math.max(...used, 0);
  return used
    .map((count) => {
      if (count <= 0) return isUtf8 ? '·' : ' ';
      return steps[Math.max(0, Math.ceil((count / most) * steps.length) - 1)] ?? '';
    })
    .join('');
}
