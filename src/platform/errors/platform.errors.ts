import { defineErrors } from './catalogue';

/** Errors that belong to no room: what the HTTP listeners themselves refuse. */
export const platformErrors = defineErrors('platform', {
  notFound: {
    code: 'platform.not-found',
    status: 404,
    caller: 'There is nothing at this address.',
    operator: 'A client asked for an address that the gateway does not serve.',
    screen: "Cette page n'existe pas.",
  },
  methodNotAllowed: {
    code: 'platform.method-not-allowed',
    status: 405,
    caller: 'This method is not allowed here.',
    operator: 'A client used an HTTP method that the address does not offer.',
  },
  badRequest: {
    code: 'platform.bad-request',
    status: 400,
    caller: 'The request is malformed.',
    operator: 'A client sent a malformed request; the detail names the part.',
    screen: 'La demande est mal formée.',
  },
  forbidden: {
    code: 'platform.forbidden',
    status: 403,
    caller: 'You may not do this.',
    operator: 'The route declares a role that the caller does not have.',
    screen: "Vous n'avez pas accès à cette page.",
  },
  tooManyRequests: {
    code: 'platform.too-many-requests',
    status: 429,
    caller: 'Too many requests.',
    operator: 'A caller went over its rate or concurrency limit.',
    screen: 'Trop de demandes : réessayez dans un instant.',
    retryAfterSeconds: 2,
  },
  tooLarge: {
    code: 'platform.too-large',
    status: 413,
    caller: 'The request is too large.',
    operator: 'A request body or header went over its limit.',
    screen: 'Le fichier envoyé est trop volumineux.',
  },
  headersTooLarge: {
    code: 'platform.headers-too-large',
    status: 431,
    caller: 'The headers of the request are too large.',
    operator: 'A caller sent more header bytes than the listener takes; it was disconnected.',
  },
  requestTooSlow: {
    code: 'platform.request-too-slow',
    status: 408,
    caller: 'The request took too long to arrive.',
    operator: 'A caller did not finish sending its request in time; it was disconnected.',
  },
  databaseUnavailable: {
    code: 'platform.database-unavailable',
    status: 503,
    caller: 'The service is momentarily unavailable.',
    operator: 'The database did not answer; look at the health page and at the PostgreSQL server.',
    screen: 'Le service est momentanément indisponible.',
    retryAfterSeconds: 5,
    hl7: { ack: 'AR', condition: 207 },
  },
  internal: {
    code: 'platform.internal',
    status: 500,
    caller: 'The gateway failed to answer.',
    operator: 'A fault of the gateway itself; the log holds the cause under the same correlation id.',
    screen: "Une erreur interne s'est produite.",
    hl7: { ack: 'AR', condition: 207 },
  },
});
