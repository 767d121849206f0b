/** What one setting is. The table (table.ts) is a list of these, and everything about settings is read from it. */

/** What a text means as a value, or why it is not a value. */
export type Reading<Value> =
  | { readonly kind: 'value'; readonly value: Value }
  /** `why` says what to do about it: `null` where there is nothing to add. */
  | { readonly kind: 'wrong'; readonly why: string | null };

/** How the text of a setting is read, wherever it comes from: command line, environment or config file. */
export interface Kind<Value> {
  /** What is expected, for a message: `a whole number, 1 to 1,024`. */
  readonly expected: string;
  /** The same for the library, where its unit is another. */
  readonly expectedValue?: string;
  /** `text` is never empty. */
  read(text: string): Reading<Value>;
  /** The value as one would type it. */
  show(value: Value): string;
  /** The only values there are, for help and completion. */
  readonly choices?: readonly string[];
  /** It needs no value on the command line: `--name`, `--no-name`. */
  readonly isFlag?: boolean;
  /** Several words on the command line are one text with this between them. */
  readonly wordSeparator?: string;
  /** The option may be given several times, one word each; a config file may hold a list. Its text is `listText`'s. */
  readonly isList?: boolean;
  /** The text of another form in which a program may give the value; `null`: it is not such a form. */
  otherForm?(given: unknown): string | null;
  /** Whether a wrong text may be repeated in a message; `false` if it could hold a secret. */
  mayRepeat?(text: string): boolean;
  /** The value as --print-config shows it, where `show` would tell a secret. */
  conceal?(value: Value): string;
  /** Where a text holds a secret, it is taken from nowhere that others can read: not the command line, not a config file. */
  holdsSecret?(text: string): boolean;
}

/** Whose option it is. */
export type Verb = 'send' | 'check' | 'status' | 'report' | 'drop' | 'serve' | 'verify' | 'state' | 'sandbox' | 'help';

export const groups = {
  target: 'Where to:',
  file: 'How the file is read:',
  pace: 'How fast:',
  delivery: 'The Delivery API:',
  trouble: 'When something goes wrong:',
  changed: 'Only what changed:',
  drop: 'The drop folder:',
  serve: 'The gateway:',
  verify: 'Which visitors are asked about:',
  job: 'The job and its files:',
  state: 'The shared state:',
  people: 'What is shown:',
  sandbox: 'The sandbox:',
} as const;

export type Group = keyof typeof groups;

/** What a default may depend on. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Under cron's empty environment too; `null` for a user without one, as containers have. */
  readonly homeDir: string | null;
}

/** `Default` is `Value`, or `null` where there is none. */
export interface Setting<Value, Default extends Value | null = Value | null> {
  /** In kebab case: `--<name>` on the command line, the key in the config file. */
  readonly name: string;
  readonly alias?: string;
  readonly group: Group;
  readonly verbs: readonly Verb[];
  readonly kind: Kind<Value>;
  /** For help: what it does, its unit first. */
  readonly help: string;
  /** A function where it is not the same everywhere. */
  readonly default: Default | ((surroundings: Surroundings) => Default);
  /** The default of some verbs, where it is another. */
  readonly defaultFor?: Readonly<Partial<Record<Verb, Value>>>;
  /** How help shows the default, where it is not the default as one would type it; `null`: it is not shown. */
  readonly defaultText?: string | null;
  /** Not taken from the environment or a config file: a forgotten one would apply every night. */
  readonly isCommandLineOnly?: true;
}

/** Any setting, where its value does not matter. */
export type AnySetting = Setting<unknown>;

/** A row of the table; its type remembers the value's. */
export function setting<Value, const Default extends Value | null>(
  row: Setting<Value, Default>,
): Setting<Value, Default> {
  return row;
}

/** Settings by the names that the library gives them. */
export type Table = Readonly<Record<string, AnySetting>>;

type ValueOf<One> = One extends Setting<infer Value, infer Default> ? Value | Default : never;

/** The values of a table's settings, by the same names. */
export type ValuesOf<Some extends Table> = { readonly [Key in keyof Some]: ValueOf<Some[Key]> };

/** `client-code` is `PROFILE_DRIP_CLIENT_CODE` in the environment. */
export const environmentPrefix = 'PROFILE_DRIP_';

export function environmentName(name: string): string {
  return environmentPrefix + name.toUpperCase().replaceAll('-', '_');
}
