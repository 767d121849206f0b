/** The options of the Delivery API where none is used. */
export const noDelivery = {
  route: 'update',
  deliveryCap: null,
  deliveryHost: null,
  deliveryMbox: 'profile-drip',
  deliveryProperty: null,
  deliveryUserAgent: 'Mozilla/5.0 (a test)',
} as const;
