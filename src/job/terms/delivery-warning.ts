/** What is said at the start of each run whose rows may go by the Delivery API. */
export const deliveryWarning =
  'rows may go by the Delivery API. It creates visitors that Target does not know; it may be billed as server calls (one for each notification); a visitor with a live session may end with mixed data';
