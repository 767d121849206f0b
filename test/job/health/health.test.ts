import { describe, expect, it } from 'vitest';
import { Health, type HealthOptions, type Judgement, type Move } from '../../../src/job/health/health.js';
import type { Trouble, TryOutcome } from '../../../src/terms/outcome.js';

interface Row {
  readonly name: string;
  readonly rowNumber: number;
  readonly lineNumber: number;
  readonly route: 'update';
  countedTries: number;
}

let rowCount = 0;
const row = (name: string): Row => {
  rowCount += 1;
  return { name, rowNumber: rowCount, lineNumber: rowCount + 1, route: 'update', countedTries: 0 };
};

function health(options: Partial<HealthOptions> = {}, hasTaken = false): Health<Row> {
  return new Health<Row>(
    { retries: 5, giveUpMs: 1_800_000, guardsFirstAnswers: true, hasToken: true, stopsAtLongWaits: false, ...options },
    { next: () => 0.5 },
    hasTaken,
  );
}

const submitted: TryOutcome = { kind: 'submitted', httpStatus: 200 };
const refused: TryOutcome = { kind: 'refused', httpStatus: 400, reason: { code: 'http-4xx', text: null } };
const forbidden: TryOutcome = {
  kind: 'stop',
  httpStatus: 403,
  cause: 'forbidden',
  reason: { code: 'unauthorized', text: null },
};
const unauthorized: TryOutcome = { ...forbidden, httpStatus: 401, cause: 'unauthorized' };
const trouble = (kind: Trouble, retryAfterMs: number | null = null): TryOutcome => ({
  kind: 'retry',
  httpStatus: kind === 'throttled' ? 429 : null,
  trouble: kind,
  retryAfterMs,
  reason: { code: kind === 'not-understood' ? 'not-understood' : 'network', text: null },
});

function said(judgement: Judgement<Row> | readonly Move<Row>[]): string[] {
  if ('kind' in judgement) {
    if (judgement.kind === 'stop') return [`stop ${judgement.stop.exitStatus} ${judgement.stop.code}`];
    return [...said(judgement.moves), ...(judgement.rereadsToken ? ['reread-token'] : [])];
  }
  return judgement.flatMap((move) => {
    if (move.kind === 'keep') return [];
    return [`${move.row.name} ${move.kind === 'end' ? move.ending.status : move.kind}`];
  });
}

const restOf = (judgement: Judgement<Row>): number | null => {
  const [move] = judgement.kind === 'continue' ? judgement.moves : [];
  return move?.kind === 'rest' ? move.restMs : null;
};

describe('retries', () => {
  it('retries a row after growing pauses and fails it when its attempts are used up', () => {
    const subject = health({ retries: 2 });
    subject.judge(row('first'), submitted, 0);
    const late = row('late');
    const pauses = [1, 2].map(() => {
      return restOf(subject.judge(late, trouble('request-timeout'), 0));
    });
    expect(pauses).toEqual([750, 1500]);
    expect(said(subject.judge(late, trouble('request-timeout'), 0))).toEqual(['late failed']);
  });

  it('waits out what Retry-After asks for', () => {
    expect(restOf(health().judge(row('a'), trouble('server', 90_000), 0))).toBe(90_000);
  });

  it('stops the run where the name still does not resolve after all attempts of a row', () => {
    expect(said(health({ retries: 0 }).judge(row('a'), trouble('dns'), 0))).toEqual(['stop 3 endpoint-unresolved']);
  });
});

describe('an answer 408', () => {
  it('is an answer: it makes no outage, and fails its row', () => {
    const subject = health({ retries: 0 });
    for (let index = 0; index < 60; index += 1) {
      expect(said(subject.judge(row('slow'), trouble('request-timeout'), 0))).toEqual(['slow failed']);
    }
    expect(subject.gate(0).kind).toBe('open');
  });
});

describe('a name that does not resolve', () => {
  const unresolved = (subject: Health<Row>, count: number) =>
    Array.from({ length: count }, (_, index) => said(subject.judge(row('r'), trouble('dns'), index * 1_000_000)));

  it('stops the run after as many probes as a row has attempts, where nothing succeeded before', () => {
    expect(unresolved(health({ retries: 2, giveUpMs: 1e12 }), 60).findIndex(([one]) => one?.startsWith('stop'))).toBe(
      52,
    );
  });

  it('is an outage like any other after a success', () => {
    const subject = health({ retries: 2, giveUpMs: 1e12 });
    subject.judge(row('good'), submitted, 0);
    expect(unresolved(subject, 60).at(-1)).toEqual(['r again']);
  });
});

describe('the first answers', () => {
  it('holds refusals back until something succeeds, then ends them', () => {
    const subject = health();
    expect(said(subject.judge(row('bad'), refused, 0))).toEqual([]);
    expect(said(subject.judge(row('good'), submitted, 0))).toEqual(['good submitted', 'bad refused']);
    expect(said(subject.judge(row('later'), refused, 0))).toEqual(['later refused']);
  });

  it('stops at the twentieth refusal or answer that is not understood, and ends no row', () => {
    const subject = health();
    for (let index = 1; index < 20; index += 1) {
      const actions = subject.judge(row(`r${index}`), index % 2 === 0 ? refused : trouble('not-understood'), 0);
      expect(said(actions).filter((action) => !action.endsWith('rest'))).toEqual([]);
    }
    expect(said(subject.judge(row('r20'), refused, 0))).toEqual(['stop 3 endpoint-suspect']);
  });

  it('ends refusals at once where --max-failures takes the place of the guard', () => {
    const subject = health({ guardsFirstAnswers: false });
    for (let index = 0; index < 30; index += 1) {
      expect(said(subject.judge(row('r'), refused, 0))).toEqual(['r refused']);
    }
  });

  it('writes held-back refusals when the file ends before the evidence comes', () => {
    const subject = health();
    subject.judge(row('bad'), refused, 0);
    expect(said(subject.settle())).toEqual(['bad refused']);
    expect(said(subject.settle())).toEqual([]);
  });
});

describe('an outage', () => {
  function inOutage(subject: Health<Row>): void {
    for (let index = 0; index < 50; index += 1) subject.judge(row(`r${index}`), trouble('network'), 1000);
  }

  it('begins after 50 consecutive attempts without an answer, and lets one row probe at a time', () => {
    const subject = health();
    inOutage(subject);
    const gate = subject.gate(1000);
    expect(gate).toMatchObject({ kind: 'closed', cause: 'outage' });
    expect(subject.gate(1_000_000).kind).toBe('one-at-a-time');
  });

  it('counts no attempt against a row, and resets the attempts of rows that had used theirs up', () => {
    const subject = health({ retries: 0 });
    const first = row('first');
    expect(said(subject.judge(first, trouble('network'), 0))).toEqual([]);
    for (let index = 0; index < 48; index += 1) subject.judge(row('x'), trouble('network'), 0);
    const actions = said(subject.judge(row('last'), trouble('network'), 0));
    expect(actions).toContain('first again');
    expect(actions[0]).toBe('last again');
    expect(first.countedTries).toBe(0);
  });

  it('is over with a success', () => {
    const subject = health();
    inOutage(subject);
    subject.judge(row('probe'), submitted, 10_000);
    expect(subject.gate(10_000).kind).toBe('open');
  });

  it('stops the run after --give-up, not sooner, what the server asked for not counted', () => {
    const subject = health({ giveUpMs: 100_000 });
    inOutage(subject);
    expect(said(subject.judge(row('p'), trouble('throttled', 50_000), 60_000))).toEqual(['p again']);
    expect(said(subject.judge(row('p'), trouble('network'), 120_000))).toEqual(['p again']);
    expect(said(subject.judge(row('p'), trouble('network'), 151_000))).toEqual(['stop 3 outage']);
  });

  it('ends rows as failed where an answer shows that it was none', () => {
    const subject = health({ retries: 0 });
    subject.judge(row('good'), submitted, 0);
    expect(said(subject.judge(row('bad'), trouble('network'), 0))).toEqual([]);
    expect(said(subject.judge(row('good2'), submitted, 0))).toEqual(['good2 submitted', 'bad failed']);
  });
});

describe('429 and 503', () => {
  it('hold the whole run, growing hold by hold and not answer by answer', () => {
    const subject = health();
    subject.judge(row('a'), trouble('throttled'), 0);
    subject.judge(row('b'), trouble('throttled'), 0);
    expect(subject.gate(0)).toMatchObject({ kind: 'closed', cause: 'throttled', untilMs: 375 });
    subject.judge(row('a'), trouble('throttled'), 375);
    expect(subject.gate(375)).toMatchObject({ untilMs: 375 + 750 });
  });

  it('stop the run with --on-cap stop where the server asks for over a minute', () => {
    const subject = health({ stopsAtLongWaits: true });
    expect(said(subject.judge(row('a'), trouble('throttled', 60_000), 0))).toEqual(['a rest']);
    expect(said(subject.judge(row('a'), trouble('throttled', 60_001), 0))).toEqual(['stop 4 server-wait']);
  });
});

describe('401, 403, 407', () => {
  it('read the token again and send the same row again', () => {
    const subject = health();
    const asking = row('a');
    expect(said(subject.judge(asking, unauthorized, 0))).toEqual(['reread-token']);
    expect(subject.gate(0)).toMatchObject({ kind: 'closed', cause: 'token' });
    expect(said(subject.tokenReread())).toEqual(['a again']);
    expect(subject.gate(0).kind).toBe('one-at-a-time');
    expect(said(subject.judge(asking, submitted, 0))).toEqual(['a submitted']);
    expect(subject.gate(0).kind).toBe('open');
  });

  it('stop the run where the new token does no better', () => {
    const subject = health();
    const asking = row('a');
    subject.judge(asking, unauthorized, 0);
    subject.tokenReread();
    expect(said(subject.judge(asking, unauthorized, 0))).toEqual(['stop 3 unauthorized']);
  });

  it('keep rows that were in flight with the old token out of the answer', () => {
    const subject = health();
    const asking = row('a');
    subject.judge(asking, unauthorized, 0);
    subject.tokenReread();
    expect(said(subject.judge(row('b'), unauthorized, 0))).toEqual([]);
    expect(said(subject.judge(asking, submitted, 0))).toEqual(['a submitted', 'b again']);
  });

  it('make a 403 after successes the row’s own where another row is taken', () => {
    const subject = health();
    subject.judge(row('ok'), submitted, 0);
    const asking = row('a');
    subject.judge(asking, forbidden, 0);
    subject.tokenReread();
    expect(said(subject.judge(asking, forbidden, 0))).toEqual([]);
    expect(subject.gate(0).kind).toBe('one-at-a-time');
    expect(said(subject.judge(row('other'), submitted, 0))).toEqual(['other submitted', 'a refused']);
  });

  it('stop the run where 20 different rows get the same answer, and end no row', () => {
    const subject = health();
    subject.judge(row('ok'), submitted, 0);
    const asking = row('a');
    subject.judge(asking, forbidden, 0);
    subject.tokenReread();
    subject.judge(asking, forbidden, 0);
    for (let count = 2; count < 20; count += 1) {
      expect(said(subject.judge(row('other'), forbidden, 0))).toEqual([]);
    }
    expect(said(subject.judge(row('the 20th'), forbidden, 0))).toEqual(['stop 3 unauthorized']);
  });

  it('where no other row is left, are the row’s own after one more look', () => {
    const subject = health();
    subject.judge(row('ok'), submitted, 0);
    const asking = row('a');
    subject.judge(asking, forbidden, 0);
    subject.tokenReread();
    subject.judge(asking, forbidden, 0);
    expect(said(subject.settle())).toEqual(['a again']);
    expect(said(subject.judge(asking, forbidden, 0))).toEqual(['a refused']);
    expect(subject.gate(0).kind).toBe('open');
  });
});
