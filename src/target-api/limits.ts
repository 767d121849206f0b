/** What the API and the contract allow. "Documented" is Adobe's documentation of the Single Profile Update API. */

/**
 * Bytes of a POST's body. Documented as 60 KB; whether a KB is 1,000 or 1,024 bytes is not said, so 1,000, the
 * cautious way (assumed).
 */
export const postBodyBytesMax = 60_000;

/**
 * Bytes of a GET's path and query, from `/`. Documented as 8 KB, read as above. Of what the 8 KB are is not said
 * (assumed): the 192 bytes that 1,000 leaves below 1,024 have room for the method, the version and the host.
 */
export const getPathBytesMax = 8_000;

/** Characters (code points) of a decoded visitor id. Documented as 256 characters; that they are code points is assumed. */
export const idCharactersMax = 256;

/**
 * The Delivery API (Adobe's documentation): characters (code points, as above) of a name, a value and a Target id, profile
 * parameters in a notification, notifications in a request.
 */
export const deliveryNameCharactersMax = 128;
export const deliveryValueCharactersMax = 256;
export const tntIdCharactersMax = 128;
export const notificationAttributesMax = 50;
export const notificationsMax = 50;
export const deliveryAttributesMax = notificationAttributesMax * notificationsMax;

/** Bytes of a reply's body that are read; what is beyond is not waited for. */
export const replyBytesMax = 65_536;

/** Characters (UTF-16 units) of text from outside in a row's reason. */
export const reasonCharactersMax = 200;

/** How long a `Retry-After` is believed: 24 hours. */
export const retryAfterMsMax = 86_400_000;
