/**
 * What the sandbox does where Adobe's documentation is silent, for `--help`. Each line has its place in
 * the source, where a comment says `assumed`.
 */
export const sandboxAssumptions: readonly string[] = [
  'Client codes are the same in upper and lower case; each has profiles and a cap of its own. Another one than --client-code: 400 with an XML body.',
  'Over the cap: 429, with Retry-After saying when the next update comes free. Every other authorized update call counts, whatever it is answered.',
  'Without the token, or with another: 403 with an XML body, and nothing is counted.',
  'KB is 1,000 bytes: a POST body over 60,000 bytes is answered 413, a request over 8,000 bytes of path and query (GET or POST) 414, both counted.',
  'Exactly one of mboxPC and mbox3rdPartyId, once; neither empty nor over 256 characters; + or / in mbox3rdPartyId: 400 with an XML body.',
  'A form that is not URL-encoded UTF-8 throughout (a broken %, a bare byte over 127, another Content-Type) is answered 400; + is a space.',
  'An unknown visitor is created, as a help for trying things out; Target does not, and nor does --known-only, which answers success all the same. --known FILE names visitors that exist, one id a line (or a bulk file), and implies --known-only.',
  'A profile that would grow over 64,000 bytes of names and values is left as it is, and the answer is a 200 with success false.',
  'All profiles together take some 64 MB: beyond, the one updated longest ago is dropped (and created again by the next update); those of --known stay known.',
  'An update is visible at once, not after an hour (--apply-after SECONDS: that much later, with the time at which it shows as its modifiedAt); updates of one visitor apply in the order in which they are answered; a value that comes later stands.',
  'Parameters other than the id and profile.<name> are passed over, and so is an empty value.',
  'Batches of the Bulk API (v1, v2, status) are complete when they are answered, count for no cap and meet no faults; cells are parted at commas, whatever quotes say; refusals are 400, 401, 404, 405 and 413.',
  'Delivery API: no token and no cap; 50 notifications with 50 profile parameters each, names to 128 and values to 256 characters, all else 400; unknown visitors are created. Nothing is stored of a user agent that does not begin with Mozilla/ or names a bot, nor of another session of a visitor within 30 minutes.',
  'Faults (--error-rate) are 500, 503 with Retry-After: 1, a cut connection before or after the update is applied, an HTML page with status 200, and a reply that is a second late.',
];
