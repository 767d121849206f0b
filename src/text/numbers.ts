/** `1234567` as people read it: `1,234,567`; decimals stay. By hand: the first `toLocaleString` takes as long as Node.js takes to start. */
export function grouped(count: number): string {
  const [whole = '', decimals] = String(count).split('.');
  const parted = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return decimals === undefined ? parted : `${parted}.${decimals}`;
}
