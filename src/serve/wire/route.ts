import { clientCodeOf } from './batch-id.js';

/** What a request asks for. Pure. */
export type Route =
  | { readonly kind: 'batch-update'; readonly clientCode: string }
  | {
      readonly kind: 'batch-status';
      readonly clientCode: string;
      readonly batchId: string;
      readonly showDetails: boolean;
    }
  | { readonly kind: 'health' }
  | { readonly kind: 'metrics' }
  | { readonly kind: 'method'; readonly allow: string }
  | { readonly kind: 'nothing' };

/** v1 and v2 are taken alike: here neither creates profiles. */
const batchPath = /^\/m2\/([^/]+)\/(?:v2\/)?profile\/(batchUpdate|batchStatus)$/;

export function routeOf(method: string, url: string): Route {
  const queryStart = url.indexOf('?');
  const path = queryStart < 0 ? url : url.slice(0, queryStart);
  const query = new URLSearchParams(queryStart < 0 ? '' : url.slice(queryStart + 1));
  const isRead = method === 'GET' || method === 'HEAD';
  if (path === '/healthz' || path === '/metrics') {
    if (!isRead) return { kind: 'method', allow: 'GET' };
    return { kind: path === '/healthz' ? 'health' : 'metrics' };
  }
  const [, code, call] = batchPath.exec(path) ?? [];
  const clientCode = code === undefined ? null : clientCodeOf(code);
  if (clientCode === null) return { kind: 'nothing' };
  if (call === 'batchUpdate') {
    return method === 'POST' ? { kind: 'batch-update', clientCode } : { kind: 'method', allow: 'POST' };
  }
  if (!isRead) return { kind: 'method', allow: 'GET' };
  const batchId = (query.get('batchId') ?? '').toLowerCase();
  return { kind: 'batch-status', clientCode, batchId, showDetails: query.get('showDetails') === 'true' };
}
