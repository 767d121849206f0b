/** A parameter of a URL-encoded form, decoded, in the form's order. */
export type Parameter = readonly [name: string, value: string];

/**
 * Reads application/x-www-form-urlencoded strictly: `null` where it is not URL-encoded UTF-8 throughout. A lenient
 * decoder would hide from a caller that it encodes wrongly.
 */
export function readForm(text: string): Parameter[] | null {
  if (/[^\x21-\x7e]/.test(text)) return null; // assumed: what is not ASCII was not encoded
  const parameters: Parameter[] = [];
  try {
    for (const part of text.split('&')) {
      if (part === '') continue;
      const equals = part.indexOf('=');
      const name = equals < 0 ? part : part.slice(0, equals);
      parameters.push([decode(name), equals < 0 ? '' : decode(part.slice(equals + 1))]);
    }
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
  return parameters;
}

/** @throws URIError for a broken `%` sequence, and for bytes that are not UTF-8. */
function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  return spaced.includes('%') ? decodeURIComponent(spaced) : spaced;
}
