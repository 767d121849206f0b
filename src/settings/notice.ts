import type { ErrorCode, NoticeCode } from '../terms/codes.js';
/** A line that is shown once. `code` is stable; `message` holds no secret. */
export interface Notice {
  readonly level: 'info' | 'warning';
  readonly code: NoticeCode | ErrorCode;
  readonly message: string;
}
