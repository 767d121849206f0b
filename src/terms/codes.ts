/**
 * Every code that the program says beside the reasons of rows (outcome.ts): a public interface. Errors and notices can
 * be made with these codes alone, and the manual's page `errors` is made from here. At run time nothing loads this file.
 */

interface ErrorEntry {
  /** With which exit status it ends a call. */
  readonly status: string;
  readonly means: string;
  readonly advice: string;
}

const usage = '2';
const endpoint = '3';
const cap = '4';
const machine = '6';
const busy = '75';
const again = 'Give the same command again: it resumes';
const readMessage = 'The message names the place and the right form';

export const errorCodes = {
  // The command line, the environment.
  'command-line': { status: usage, means: 'the command line cannot be understood', advice: readMessage },
  'verb-missing': { status: usage, means: 'no verb was given', advice: '`profile-drip --help` lists them' },
  'verb-unknown': { status: usage, means: 'the verb does not exist', advice: '`profile-drip --help` lists them' },
  'topic-unknown': { status: usage, means: 'the manual has no such topic', advice: '`profile-drip help` lists them' },
  'argument-missing': { status: usage, means: 'a FILE or DIR is missing', advice: readMessage },
  'argument-empty': { status: usage, means: 'an argument is empty', advice: 'Check the variable that it comes from' },
  'argument-surplus': { status: usage, means: 'more arguments than the verb takes', advice: readMessage },
  'option-unknown': { status: usage, means: 'the verb has no such option', advice: '`profile-drip VERB --help`' },
  'option-value': { status: usage, means: 'an option has a value that it does not take', advice: readMessage },
  'option-empty': {
    status: usage,
    means: 'an option has an empty value',
    advice: 'Leave the option out, or give it a value',
  },
  'option-contradiction': {
    status: usage,
    means: 'two options contradict each other',
    advice: 'Leave one of them out',
  },
  'delivery-cap-missing': {
    status: usage,
    means: 'the Delivery API is to be used, and nothing says how often',
    advice: 'Add `--delivery-cap`',
  },
  'option-command-line-only': {
    status: usage,
    means: 'an option is set in the environment or a file, but is accepted only on the command line',
    advice: 'Remove it there',
  },
  'config-writable': {
    status: usage,
    means: 'others may write to a config file that names a command (`on-end`)',
    advice: '`chmod go-w`, or give `--on-end` on the command line',
  },
  'client-code-missing': { status: usage, means: 'no client code was given', advice: 'Give `--client-code`' },
  'endpoint-http': {
    status: usage,
    means: '`http:` to another machine would send ids and values unencrypted',
    advice: 'Use `https:`, or give `--allow-http`',
  },
  'proxy-url': { status: usage, means: 'the proxy in the environment is not a URL', advice: 'Correct `HTTPS_PROXY`' },
  'state-dir-missing': {
    status: usage,
    means: 'this user has no home folder for the state',
    advice: 'Give `--state-dir`',
  },
  'state-url': {
    status: usage,
    means: 'the URL of the state, or `PGSSLMODE`, cannot be read',
    advice: 'Write `postgres://USER@HOST/DATABASE`',
  },
  'state-url-password': {
    status: usage,
    means: 'a URL with a password where others can read it',
    advice: 'Use `PGPASSWORD`, `~/.pgpass` or `--state-url-file`',
  },
  'state-url-unreadable': {
    status: usage,
    means: 'the file of `--state-url-file` cannot be read',
    advice: 'Check its path and permissions',
  },
  'state-missing': {
    status: usage,
    means: '`state copy`, `state accept`: there is nothing of this kind',
    advice: 'Check the folder or the URL',
  },
  'option-missing': { status: usage, means: 'an option is missing', advice: '`profile-drip state --help`' },
  'memory-key-file': {
    status: usage,
    means: 'the file of `--memory-key-file` cannot be read, or is not a secret',
    advice: 'Make one: `openssl rand -out FILE 32`',
  },
  'sandbox-option': { status: usage, means: 'the sandbox has no such option', advice: '`profile-drip sandbox --help`' },
  'sandbox-port': { status: usage, means: 'the port is taken or not permitted', advice: 'Give another `--port`, or 0' },
  // The config file.
  'config-unreadable': {
    status: usage,
    means: 'the config file cannot be read',
    advice: 'Check its path and permissions',
  },
  'config-not-json': { status: usage, means: 'the config file is not one JSON object', advice: readMessage },
  'config-key-unknown': {
    status: usage,
    means: 'the config file has a key that is not an option',
    advice: readMessage,
  },
  'config-value': {
    status: usage,
    means: 'a value in the config file is not a text, number or flag',
    advice: readMessage,
  },
  'config-token': { status: usage, means: 'a token stands in the config file', advice: 'Use `--token-file`' },
  'config-in-config': { status: usage, means: 'a config file names another one', advice: 'Remove the key' },
  // The token.
  'token-unreadable': {
    status: usage,
    means: 'the token file cannot be read',
    advice: 'Check its path and permissions',
  },
  'token-empty': { status: usage, means: 'the token is empty', advice: 'Put the token alone into the file' },
  'token-characters': {
    status: usage,
    means: 'the token has characters that a token cannot have',
    advice: readMessage,
  },
  'token-twice': {
    status: usage,
    means: 'the token is given twice',
    advice: 'Use a file or the environment, not both',
  },
  'token-file': {
    status: usage,
    means: 'the token file does not hold exactly one token',
    advice: 'Put the token alone into the file',
  },
  // FILE.
  'file-missing': { status: usage, means: 'the file does not exist', advice: 'Check the path' },
  'file-unreadable': { status: usage, means: 'FILE cannot be opened', advice: 'Check its permissions' },
  'file-not-regular': { status: usage, means: 'FILE is a folder, a device or a pipe', advice: 'Use `-` for a pipe' },
  'file-empty': { status: usage, means: 'FILE has no header', advice: 'Check the export' },
  'file-not-text': { status: usage, means: 'FILE is not text in UTF-8', advice: 'Export it as CSV in UTF-8' },
  'file-gzip': { status: usage, means: 'the gzip is damaged', advice: 'Copy it again' },
  'file-quote-open': {
    status: usage,
    means: 'a quote never closes',
    advice: 'Close it, or double it; then the same command resumes',
  },
  'file-record-lines': {
    status: usage,
    means: 'an encoded record runs over more than 20 lines: probably a stray quote',
    advice: 'Correct the line that is named; then the same command resumes',
  },
  'file-record-bytes': { status: usage, means: 'a record is over 1 MB', advice: 'Correct the line that is named' },
  'file-shrank': {
    status: usage,
    means: 'FILE became shorter while it was read',
    advice: 'Write it whole, then send it',
  },
  'file-grown': {
    status: usage,
    means: 'FILE grew in the middle of its last row',
    advice: 'Write it whole, then send it',
  },
  'file-changed': {
    status: usage,
    means: 'FILE changed in the middle of its job',
    advice: 'Restore it, or give `--on-changed supersede`',
  },
  'file-is-job-file': { status: usage, means: 'FILE is a file of another job', advice: 'Name the file itself' },
  'record-invalid': {
    status: usage,
    means: 'a record that a program gave cannot be a row',
    advice: 'The message says which one, and why. Nothing was sent',
  },
  'input-unreadable': { status: usage, means: 'standard input could not be read', advice: 'Start the pipe again' },
  // FILE's first line.
  'header-delimiter': {
    status: usage,
    means: 'the header seems to use another delimiter',
    advice: 'Give `--delimiter`',
  },
  'header-percent': {
    status: usage,
    means: 'a name in the header has a broken `%`',
    advice: 'Give `--values raw`, or correct it',
  },
  'header-name-empty': { status: usage, means: 'a column has no name', advice: 'Name it, or remove it' },
  'header-name-twice': { status: usage, means: 'two columns have one name', advice: 'Remove one' },
  'header-ecid': {
    status: usage,
    means: 'a column of Experience Cloud ids, which this API does not take',
    advice: 'Use pcId or thirdPartyId',
  },
  'header-id-column': {
    status: usage,
    means: 'the first column is neither pcId nor thirdPartyId',
    advice: 'Give `--id-column NAME --id-type thirdPartyId`',
  },
  'header-id-column-missing': {
    status: usage,
    means: 'no column has the name that `--id-column` says',
    advice: readMessage,
  },
  'header-not-utf8': { status: usage, means: 'the header is not UTF-8', advice: 'Export the file in UTF-8' },
  'id-type-contradicts': {
    status: usage,
    means: "`--id-type` contradicts the id column's name",
    advice: 'Leave one out',
  },
  'id-type-needed': {
    status: usage,
    means: '`--id-column` needs `--id-type`',
    advice: 'Add `--id-type thirdPartyId` or `pcId`',
  },
  // The job and its files, the drop folder.
  'files-clash': {
    status: usage,
    means: 'two FILEs would have job files of one name',
    advice: 'Give `--out` or `--name`',
  },
  'name-missing': { status: usage, means: 'standard input needs a name', advice: 'Give `--name`' },
  'name-several': { status: usage, means: '`--name` with several FILEs', advice: 'Send them one by one' },
  'name-unusable': { status: usage, means: "FILE's name is too long for its job files", advice: 'Give `--name`' },
  'route-order': {
    status: usage,
    means: 'single updates of this job may not have been applied yet, and Delivery would overtake them',
    advice: 'Use `--on-cap delivery`, or wait until the time in the message',
  },
  'job-differs': {
    status: usage,
    means: 'the checkpoint belongs to other options',
    advice: 'Give the earlier options, or `--restart`',
  },
  'job-missing': {
    status: usage,
    means: '`verify` finds no job of this file',
    advice: 'Send the file first, or give the same `--out` or `--name`',
  },
  'job-replaced': {
    status: usage,
    means: 'a new job began while `verify` worked on the earlier one',
    advice: 'Verify the new one',
  },
  'verify-input': { status: usage, means: 'standard input cannot be verified', advice: 'Send a file instead' },
  'verify-damaged': {
    status: usage,
    means: '`<name>.verify.csv` is not what an earlier verify wrote',
    advice: 'Move it away',
  },
  'checkpoint-damaged': {
    status: usage,
    means: 'the checkpoint is damaged',
    advice: 'Give `--restart`, or restore it',
  },
  'checkpoint-version': {
    status: usage,
    means: 'the checkpoint is of another version',
    advice: 'Use that version, or `--restart`',
  },
  'report-missing': { status: usage, means: 'there are no results to make a page from', advice: 'Send the file first' },
  'report-damaged': { status: usage, means: 'the results are damaged', advice: 'Give `--restart`, or restore them' },
  'report-without-checkpoint': {
    status: usage,
    means: 'there are results and no checkpoint',
    advice: 'Give `--restart`, or restore it',
  },
  'drop-no-folder': { status: usage, means: 'DIR is not a folder', advice: 'Create it, or name another' },
  'drop-file-system': { status: usage, means: "DIR's folders lie on several file systems", advice: 'Put them on one' },
  'results-missing': { status: usage, means: 'there are no results to report on', advice: 'Send the file first' },
  'results-strange': {
    status: usage,
    means: 'the results file is something else',
    advice: "Put the job's own file back",
  },
  // The endpoint.
  unauthorized: {
    status: endpoint,
    means: 'the endpoint answers 401, 403 or 407',
    advice: 'Check the token, the client code, the endpoint',
  },
  redirected: {
    status: endpoint,
    means: 'the endpoint answers with a redirect',
    advice: 'Check `--endpoint` and `--client-code`',
  },
  certificate: {
    status: endpoint,
    means: 'the certificate is not trusted',
    advice: 'Set `NODE_EXTRA_CA_CERTS`, or correct the certificate',
  },
  'endpoint-unresolved': {
    status: endpoint,
    means: 'the name does not resolve',
    advice: 'Check `--client-code` and the name service',
  },
  'delivery-host': {
    status: endpoint,
    means: 'the account takes Delivery requests of authorized hosts alone',
    advice: 'Give `--delivery-host` with one of them',
  },
  'delivery-property': {
    status: endpoint,
    means: 'Target does not know the property token',
    advice: 'Check `--delivery-property`',
  },
  'endpoint-suspect': {
    status: endpoint,
    means: 'the first 20 answers were refusals or not understood',
    advice: 'Check `--endpoint` and `--client-code`',
  },
  outage: { status: endpoint, means: 'nothing got through for `--give-up` seconds', advice: again },
  // The cap.
  'cap-used': { status: cap, means: 'the cap is used up', advice: `${again} when units come free` },
  'server-wait': { status: cap, means: 'the server asks for a wait of over a minute', advice: `${again} later` },
  'max-failures': {
    status: '5',
    means: 'more rows than `--max-failures` did not go through',
    advice: 'Look at the results',
  },
  // The disk.
  'disk-full': {
    status: machine,
    means: 'the disk or its quota is full',
    advice: 'Free some space; then the same command resumes',
  },
  'disk-read-only': { status: machine, means: 'the file system is read-only', advice: 'Use `--out`' },
  'disk-no-access': {
    status: machine,
    means: 'permission denied',
    advice: 'Give this user write access, or use `--out`',
  },
  'disk-gone': {
    status: machine,
    means: 'a file, a folder or the disk does not exist any more',
    advice: 'Put it back',
  },
  'disk-no-file': { status: machine, means: 'a folder has the name of a job file', advice: 'Rename it' },
  'disk-file-size': {
    status: machine,
    means: 'a file grew over the limit of this system',
    advice: 'Raise `ulimit -f`',
  },
  'disk-name-length': { status: machine, means: 'a name is too long for the file system', advice: 'Give `--name`' },
  'disk-failed': { status: machine, means: 'the disk reports another error', advice: 'The message has its code' },
  'file-read-failed': { status: machine, means: 'the disk could not read FILE', advice: 'Check the disk' },
  'input-not-kept': {
    status: machine,
    means: 'standard input could not be kept',
    advice: 'Free some space; start the pipe again',
  },
  'results-changed': {
    status: machine,
    means: 'somebody else changed the results during the run',
    advice: 'Restore them',
  },
  'lock-no-links': {
    status: machine,
    means: 'the file system has no hard links, which the lock needs',
    advice: 'Use `--out`',
  },
  // The cap's ledger.
  'ledger-damaged': { status: machine, means: 'the ledger is damaged', advice: 'The message says what may be done' },
  'ledger-missing': {
    status: machine,
    means: 'the ledger was there and is gone',
    advice: 'Put it back; never an older copy',
  },
  'ledger-moved': { status: machine, means: 'the ledger was replaced during the run', advice: 'Put it back' },
  'ledger-version': { status: machine, means: 'the ledger is of another version', advice: 'Use that version' },
  'ledger-network-disk': {
    status: machine,
    means: 'the state directory lies on a network file system',
    advice: 'Use a local disk',
  },
  'ledger-held': {
    status: machine,
    means: 'another process holds the ledger and does not move',
    advice: 'Resume or end that process',
  },
  'ledger-disk-full': { status: machine, means: "the ledger's disk is full", advice: 'Free some space' },
  'ledger-no-access': {
    status: machine,
    means: 'permission denied for the state directory',
    advice: 'Give this user write access',
  },
  'ledger-read-only': { status: machine, means: 'the state directory is read-only', advice: 'Use `--state-dir`' },
  'ledger-no-folder': { status: machine, means: 'the state directory is not a folder', advice: 'Use `--state-dir`' },
  'ledger-failed': { status: machine, means: 'the ledger reports another error', advice: 'The message has it' },
  // The state in PostgreSQL.
  'state-unreachable': {
    status: machine,
    means: 'the database cannot be reached, or does not answer',
    advice: 'Look at the database and the network, then the same command again',
  },
  'state-clock': {
    status: machine,
    means: "the database's clock is more than 60 s behind what was seen",
    advice: 'Set the clock of its machine',
  },
  'state-full': { status: machine, means: "the database's disk is full", advice: 'Free some space' },
  'state-read-only': { status: machine, means: 'the database is a standby', advice: 'Name the primary' },
  'state-busy': { status: machine, means: 'other runs hold the rows of the state', advice: again },
  'state-login': { status: machine, means: 'the database refused user or password', advice: 'Check both' },
  'state-no-database': { status: machine, means: 'the database does not exist', advice: 'Create it, or check the URL' },
  'state-no-rights': {
    status: machine,
    means: 'permission denied by the database',
    advice: 'An administrator runs what `profile-drip state --print-sql` prints',
  },
  'state-tls': {
    status: machine,
    means: 'no TLS, or a certificate that is not trusted',
    advice: 'Give `PGSSLROOTCERT`, or `sslmode` in the URL',
  },
  'state-version': {
    status: machine,
    means: 'the tables are of another version',
    advice: 'Use the version that created them',
  },
  'state-restored': {
    status: machine,
    means: 'the state may be an older copy, or is on another server',
    advice: '`profile-drip state accept --used N`',
  },
  'state-moved': { status: machine, means: 'the folder was copied to a database', advice: 'Use `--state-url`' },
  'state-failed': { status: machine, means: 'the database reports another error', advice: 'Look at its log' },
  // The memory of --changed-only.
  'memory-damaged': { status: machine, means: 'the memory is damaged', advice: 'Give `--forget`' },
  'memory-failed': { status: machine, means: 'the memory reports another error', advice: 'The message has it' },
  'memory-key-missing': { status: machine, means: "the memory's key is gone", advice: 'Give `--forget`' },
  'option-twice': { status: usage, means: 'an option is given twice', advice: 'Leave one of them out' },
  'sandbox-known': {
    status: usage,
    means: 'the file that `--known` names cannot be used',
    advice: 'The message says why',
  },
  'working-folder-gone': {
    status: machine,
    means: 'the working directory was removed',
    advice: 'Change to a folder that exists',
  },
  'out-not-a-folder': {
    status: usage,
    means: '`--out` is not a folder',
    advice: 'Name a folder, or remove what has the name',
  },
  'job-file-foreign': {
    status: usage,
    means: 'a job file is a link, has another owner, or is writable for everybody',
    advice: 'Look at it, then remove or rename it',
  },
  'move-unfinished': {
    status: usage,
    means: 'files of an earlier job could not all be moved',
    advice: 'The message names the file in the way',
  },
  'rejects-outdated': {
    status: usage,
    means: 'a later job of the same FILE has started, and these rejects hold older values',
    advice: 'Give `--allow-outdated` if they are right',
  },
  'proxy-refused': {
    status: endpoint,
    means: 'the proxy refuses the connection',
    advice: 'Check `HTTPS_PROXY`, its user and its password',
  },
  'proxy-unresolved': {
    status: endpoint,
    means: 'the name of the proxy does not resolve',
    advice: 'Check `HTTPS_PROXY`',
  },
  'no-handles': {
    status: machine,
    means: 'too many open files',
    advice: 'Raise `ulimit -n`, or lower `--concurrency`',
  },
  'lmdb-missing': {
    status: machine,
    means: 'the binary of lmdb is missing for this system',
    advice: 'Install again on this machine: `npm ci`',
  },
  'memory-version': { status: machine, means: 'the memory is of another version', advice: 'Give `--forget`' },
  'memory-no-handles': {
    status: machine,
    means: 'too many open files',
    advice: 'Raise `ulimit -n`, or lower `--concurrency`',
  },
  'memory-held': {
    status: machine,
    means: 'another process holds the memory and does not move',
    advice: 'Resume or end that process',
  },
  'memory-moved': {
    status: machine,
    means: 'the memory was replaced during the run',
    advice: 'Put it back, or give `--forget`',
  },
  'serve-dir-missing': { status: usage, means: '`serve` needs a folder', advice: 'Give `--dir`' },
  'serve-port-missing': { status: usage, means: '`serve` needs a port', advice: 'Give `--port`' },
  'serve-token': {
    status: usage,
    means: 'a token of `serve` is not given as CODE=PATH',
    advice: '`--token-file CODE=PATH`',
  },
  'serve-unprotected': {
    status: usage,
    means: '`serve` listens on another address without protection',
    advice: 'Give `--client-code`, `--auth-file`, `--public-url` and `--listen-http`',
  },
  'serve-port': { status: usage, means: 'the port is taken or not permitted', advice: 'Give another `--port`' },
  'serve-busy': { status: busy, means: 'another gateway has the folder', advice: 'Wait for it' },
  'serve-no-folder': { status: usage, means: '`--dir` is not a folder', advice: 'Create it, or name another' },
  'serve-public-url': { status: usage, means: 'the public URL cannot be used', advice: 'The message says why' },
  'auth-file-mode': { status: usage, means: 'others may read the auth file', advice: '`chmod 600`' },
  'auth-file-empty': { status: usage, means: 'the auth file has no line', advice: 'Add a line `CODE TOKEN`' },
  'auth-file-line': {
    status: usage,
    means: 'a line of the auth file is not `CODE TOKEN`',
    advice: 'The message names the line',
  },
  'auth-file-unreadable': {
    status: usage,
    means: 'the auth file cannot be read',
    advice: 'Check its path and permissions',
  },
  'delimiter-unclear': {
    status: usage,
    means: '`--delimiter auto` found no clear answer',
    advice: 'Give the character',
  },
  'rows-one-cell': {
    status: usage,
    means: 'the rows are cut at another character than the header',
    advice: 'Give `--delimiter`',
  },
  'ledger-no-handles': {
    status: machine,
    means: 'too many open files',
    advice: 'Raise `ulimit -n`, or lower `--concurrency`',
  },
  'ledger-file-size': { status: machine, means: 'the ledger cannot grow further', advice: 'Raise `ulimit -f`' },
  'too-many-files': {
    status: machine,
    means: 'too many open files',
    advice: 'Raise `ulimit -n`, or lower `--concurrency`',
  },
  'no-memory': {
    status: machine,
    means: 'no memory is left',
    advice: 'Lower `--concurrency`, or give this machine more',
  },
  'no-space': {
    status: machine,
    means: 'no space is left for connections',
    advice: 'Free some space, then the same command',
  },
  'column-unknown': {
    status: usage,
    means: 'an option names a column that the header does not have',
    advice: 'The message names it',
  },
  'column-clash': {
    status: usage,
    means: 'two columns would have one name',
    advice: 'Change `--rename`, or use `--skip`',
  },
  'file-name-bytes': {
    status: usage,
    means: 'a name in the drop folder is not UTF-8',
    advice: 'Upload the file under another name',
  },
  'file-name-length': {
    status: usage,
    means: 'a name in the drop folder is too long for its job files',
    advice: 'Upload the file under a shorter name',
  },
  // Other ends.
  limit: {
    status: '7',
    means: 'as many rows were sent as `--limit` lets go',
    advice: 'Look at the results. Given again, the same command sends as many more',
  },
  'max-duration': { status: '7', means: 'the run lasted `--max-duration` seconds', advice: again },
  internal: {
    status: '70',
    means: 'an internal error: a bug in profile-drip',
    advice: 'Report it, with the stack on standard error',
  },
  stopped: { status: '3 to 7', means: 'the run stopped', advice: again },
  'job-busy': { status: busy, means: 'another run works on this job', advice: 'Wait for it' },
  'job-lost': { status: busy, means: 'another run took over this job', advice: 'Wait for it' },
  'drop-busy': { status: busy, means: 'another pass works on this folder', advice: 'Wait for it' },
  interrupted: { status: '129, 130, 143', means: "a signal, or the library's `AbortSignal`", advice: again },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

/** The code of an error: `profile-drip help errors` lists them. */
export type ErrorCode = keyof typeof errorCodes;

/** Said once in a run, in the log as `event=notice code=…`. They end nothing. */
export const noticeCodes = {
  'batch-record': 'the record of a batch cannot be written or read',
  'batch-accepted': 'a batch is on disk',
  'batch-refused': 'a batch is not taken',
  'daily-cap-above-default': "`--daily-cap` is above Adobe's documented limit",
  'rate-above-default': '`--rate` is above the default',
  'drop-file-stays': 'a file stays in the drop folder, and nothing after it is started',
  'input-waits': 'new standard input is taken after the open job is done',
  'spool-dropped': 'a spool that could not be used was discarded',
  'queue-stuck': 'a batch needs a person; the queue of its client code rests',
  'queue-rests': 'the queue of a client code rests and tries again',
  hint: 'something in FILE is probably a mistake; `profile-drip help file` says more',
  'serve-creates-none': '`serve` creates no profiles for visitors that Target does not know',
  'serve-listening': 'where the gateway listens',
  'serve-not-served': 'the folder holds batches of a client code that is not served',
  'drop-passed-over': 'a name is not taken: it does not match the pattern',
  'changed-only': 'what `--changed-only` assumes',
  'earlier-job-kept': "an earlier job's files were renamed and kept",
  'job-done': 'the job on this content is done, and nothing is sent',
  'job-file-passed-over': 'a FILE is a job file of another FILE, and is passed over',
  'few-answers': 'a short file got only refusals: check `--endpoint` and `--client-code`',
  'ledger-new': 'a new ledger is created, which knows nothing of the last 24 hours',
  'state-away': 'the database of the state cannot be reached: the run waits',
  'state-url-file-mode': 'others may read the file of `--state-url-file`: `chmod 600`',
  stopping: 'a signal came: no new rows are started',
  'step-summary': 'the file that GITHUB_STEP_SUMMARY names cannot be written',
  'token-file-mode': 'others may read the token file: `chmod 600`',
  'environment-unknown': 'a `PROFILE_DRIP_` name in the environment is not an option',
  'on-end': 'the command of `--on-end` failed: the run is as good as it was',
  'metrics-file': 'the file of `--metrics-file` cannot be written',
  keep: 'an old file of `--keep` cannot be removed',
  delivery: 'what sending by the Delivery API may create, cost and mix',
  'drop-settling': 'a pass waits until files stand still',
  'drop-waiting': 'files are not taken yet',
  'drop-file-gone': 'a file was removed before it was read',
  'drop-empty': 'nothing has arrived',
  'drop-sandbox': 'with `--sandbox`, files move to the archive although Target got nothing',
  'drop-unwatched': 'the system does not report changes of this folder: it is listed at intervals',
} as const satisfies Readonly<Record<string, string>>;

/** The code of a notice: `profile-drip help errors` lists them. */
export type NoticeCode = keyof typeof noticeCodes;
