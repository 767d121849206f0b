/** Where a client code's updates go unless --endpoint says otherwise (Adobe's documentation). */
export function defaultEndpoint(clientCode: string): string {
  return `https://${clientCode.toLowerCase()}.tt.omtrdc.net`;
}

/** Whether an origin is this machine itself: its tries cost nothing of the real cap. */
export function isLoopback(origin: string): boolean {
  const host = new URL(origin).hostname.replace(/^\[|\]$/g, '');
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
