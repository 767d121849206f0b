/**
 * A decoder of application/x-www-form-urlencoded as servers in other languages have it (Java's URLDecoder, Python's
 * parse_qsl, PHP): byte by byte, by the standard's words, sharing nothing with the program's own.
 */
export function decodeFormText(encoded: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < encoded.length; at++) {
    const character = encoded.charAt(at);
    if (character === '+') bytes.push(0x20);
    else if (character === '%') {
      const digits = encoded.slice(at + 1, at + 3);
      if (!/^[0-9A-Fa-f]{2}$/.test(digits)) throw new Error(`broken at ${at}`);
      bytes.push(Number.parseInt(digits, 16));
      at += 2;
    } else bytes.push(...new TextEncoder().encode(character));
  }
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes));
}

/** The pairs of a form, in order. */
export function decodeForm(form: string): [name: string, value: string][] {
  return form.split('&').map((pair) => {
    const equals = pair.indexOf('=');
    return [decodeFormText(pair.slice(0, equals)), decodeFormText(pair.slice(equals + 1))];
  });
}
