import { connect, createServer, type Socket } from 'node:net';
import { atEndOfFile } from './clean-up.js';

/**
 * What becomes of a statement on its way. `before`: the connection is cut, and the server never gets it. `half`: the
 * server gets half of its bytes. `meanwhile`: it gets all, and the connection is cut at once. `after`: it is done, and
 * the answer is lost. `slow`: the answer comes, and `onSlow` is over before. `late`: the client gives up, and the server
 * gets the statement after further ones have passed.
 */
export type Fate = 'pass' | 'before' | 'half' | 'meanwhile' | 'after' | 'slow' | 'late';

export interface RelayOptions {
  /** Of the server, on 127.0.0.1. */
  readonly port: number;
  /** Asked for each statement, by its text. A promise keeps the statement back until it resolves: its client stands still. */
  readonly fateOf: (text: string) => Fate | Promise<Fate>;
  readonly onSlow?: () => void | Promise<void>;
  /** A statement is kept back: now its client has to give up. */
  readonly onLate?: () => void;
  /** A late statement is delivered behind so many others. */
  readonly lateBehind?: () => number;
}

export interface Relay {
  readonly port: number;
  /** Late statements that the server has answered, by their texts. */
  readonly arrivedLate: readonly string[];
  /** Delivers what is kept back, and resolves when the server has answered. */
  deliverLate(): Promise<void>;
  close(): Promise<void>;
}

/** A statement that is kept back. */
interface Late {
  behindCount: number;
  deliver(): Promise<void>;
}

/** A TCP relay on loopback between clients and a PostgreSQL server. It reads the protocol, and changes no byte. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const { lateBehind = () => 1 } = options;
  const sockets = new Set<Socket>();
  const late: Late[] = [];
  const delivering: Promise<void>[] = [];
  const arrivedLate: string[] = [];
  const way: Way = {
    ...options,
    keep(text, deliver) {
      const one = async () => {
        await deliver();
        arrivedLate.push(text);
      };
      late.push({ behindCount: lateBehind(), deliver: one });
      options.onLate?.();
    },
    passed() {
      for (const one of late) one.behindCount -= 1;
      const due = late.filter(({ behindCount }) => behindCount <= 0);
      for (const one of due) {
        late.splice(late.indexOf(one), 1);
        delivering.push(one.deliver());
      }
    },
  };
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    relayed(client, upstream, way);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port to listen on');
  const close = async () => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  atEndOfFile(close);
  return {
    port: address.port,
    arrivedLate,
    async deliverLate() {
      await Promise.all([...delivering, ...late.splice(0).map((one) => one.deliver())]);
    },
    close,
  };
}

interface Way extends RelayOptions {
  keep(text: string, deliver: () => Promise<void>): void;
  passed(): void;
}

/** One connection. */
function relayed(client: Socket, upstream: Socket, way: Way): void {
  const cut = () => {
    client.destroy();
    upstream.destroy();
  };
  let isKept = false;
  let isSlow = false;
  /** What waits for the server's whole answer; `null`: the answer goes to the client as it comes. */
  let answered: ((answer: Buffer) => void) | null = null;
  const answer: Buffer[] = [];
  const ask = (bytes: Buffer) =>
    new Promise<Buffer>((resolve) => {
      answered = resolve;
      upstream.once('close', () => resolve(Buffer.alloc(0)));
      upstream.write(bytes);
    });
  const fromServer = framed(true);
  upstream.on('data', (chunk: Buffer) => {
    for (const message of fromServer(chunk)) {
      if (answered !== null) answer.push(message);
      else if (!isSlow) client.write(message);
      if (answered === null || !isType(message, 'Z')) continue;
      const done = answered;
      answered = null;
      done(Buffer.concat(answer.splice(0)));
    }
  });
  upstream.on('close', () => {
    if (!isSlow) client.destroy();
  });
  client.on('close', () => {
    if (!isKept) upstream.destroy();
  });

  const statement = async (bytes: Buffer) => {
    const text = textOf(bytes);
    const asked = way.fateOf(text);
    switch (asked instanceof Promise ? await asked : asked) {
      case 'before':
        return cut();
      case 'half':
        upstream.write(bytes.subarray(0, bytes.length >> 1), cut);
        return;
      case 'meanwhile':
        upstream.write(bytes, cut);
        return;
      case 'after':
        await ask(bytes);
        return cut();
      case 'slow': {
        isSlow = true;
        const slow = await ask(bytes);
        await way.onSlow?.();
        isSlow = false;
        client.write(slow);
        if (upstream.destroyed) client.end();
        return;
      }
      case 'late':
        isKept = true;
        way.keep(text, async () => {
          await ask(bytes);
          upstream.destroy(); // the server cannot tell it to anybody
        });
        return;
      default:
        upstream.write(bytes);
        way.passed();
    }
  };
  const fromClient = framed(false);
  const parts: Buffer[] = [];
  client.on('data', (chunk: Buffer) => {
    for (const message of fromClient(chunk)) {
      parts.push(message);
      const isEnd = isType(message, 'Q') || isType(message, 'S');
      const isPartOfStatement = ['P', 'B', 'D', 'E'].some((type) => isType(message, type));
      if (isPartOfStatement) continue;
      const bytes = Buffer.concat(parts.splice(0));
      if (isEnd) void statement(bytes);
      else upstream.write(bytes);
    }
  });
}

/** Cuts a stream into messages: a type, a length that counts itself, and the rest. A client's first one has no type. */
function framed(isTyped: boolean): (chunk: Buffer) => Buffer[] {
  let rest = Buffer.alloc(0);
  let headBytes = isTyped ? 1 : 0;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const messages: Buffer[] = [];
    while (rest.length >= headBytes + 4) {
      const end = headBytes + rest.readUInt32BE(headBytes);
      if (rest.length < end) break;
      messages.push(rest.subarray(0, end));
      rest = rest.subarray(end);
      headBytes = 1;
    }
    return messages;
  };
}

function isType(message: Buffer, type: string): boolean {
  return message[0] === type.charCodeAt(0);
}

/** Of a query, or of the statement that is parsed. */
function textOf(bytes: Buffer): string {
  const start = isType(bytes, 'Q') ? 5 : bytes.indexOf(0, 5) + 1;
  return bytes.toString('utf8', start, bytes.indexOf(0, start));
}

/** A fate that keeps its statement back until the test moves on. */
export function standsStill() {
  let moveOn = () => {};
  let reached = () => {};
  const standing = new Promise<Fate>((resolve) => {
    moveOn = () => resolve('pass');
  });
  const isReached = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const fateOf = () => {
    reached();
    return standing;
  };
  return { fateOf, isReached, moveOn };
}
