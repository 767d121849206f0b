/** A line to be said once. `code` is stable; `message` holds no secret. */
export interface Notice {
  readonly level: 'info' | 'warning';
  readonly code: string;
  readonly message: string;
}
