/** What a request is answered with. `cut`: the connection is reset, nothing is answered. */
export type Reply =
  | {
      readonly kind: 'answer';
      readonly httpStatus: number;
      readonly contentType: string;
      readonly body: string;
      readonly retryAfterSeconds: number | null;
      readonly delayMs: number;
    }
  | { readonly kind: 'cut'; readonly delayMs: number };

/** Adobe's documentation, word for word. */
export const submittedBody = 'trueRequest successfully submitted';

function answer(httpStatus: number, contentType: string, body: string, retryAfterSeconds: number | null = null): Reply {
  return { kind: 'answer', httpStatus, contentType, body, retryAfterSeconds, delayMs: 0 };
}

export const submitted = answer(200, 'text/plain; charset=utf-8', submittedBody);

/** assumed: the form that an earlier edition of the documentation shows for a success, turned to a failure */
export function xmlError(httpStatus: number, message: string, retryAfterSeconds: number | null = null): Reply {
  const body = `<response><success>false</success><message>${message}</message></response>`;
  return answer(httpStatus, 'text/xml; charset=utf-8', body, retryAfterSeconds);
}

export function xmlReply(httpStatus: number, body: string): Reply {
  return answer(httpStatus, 'text/xml; charset=utf-8', body);
}

export function json(httpStatus: number, value: unknown): Reply {
  return answer(httpStatus, 'application/json; charset=utf-8', JSON.stringify(value));
}

export const htmlPage = answer(
  200,
  'text/html; charset=utf-8',
  '<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>',
);

export const notFound = answer(404, 'text/plain; charset=utf-8', 'not found');

export const otherHost = answer(
  403,
  'text/plain; charset=utf-8',
  'The sandbox answers only requests whose Host is a loopback address or localhost.',
);

export const cut: Reply = { kind: 'cut', delayMs: 0 };
