/** The profile token, where there is one. It lives here alone: no message, file or event is made from it. */
export interface TokenSource {
  /** The whole `Authorization` header, or `null`. */
  readonly authorization: string | null;
  /** The token itself, so that texts from outside can be cleaned of it. */
  readonly secret: string | null;
  /** Reads the token file again, for a token that was renewed while the run went on. Keeps the old one where that fails. */
  reread(): Promise<void>;
}

/** `read` gives the trimmed content of the token file; without it the token is as given for the whole run. */
export function tokenSource(token: string | null, read: (() => Promise<string>) | null): TokenSource {
  let secret = token;
  return {
    get authorization() {
      return secret === null ? null : `Bearer ${secret}`;
    },
    get secret() {
      return secret;
    },
    async reread() {
      if (read === null) return;
      try {
        secret = await read();
      } catch {
        // gone or unreadable at this moment: the next answer decides with the old token
      }
    },
  };
}
