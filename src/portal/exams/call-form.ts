import express, { type Request, type Response } from 'express';
import type { CallOrigin } from '../../consumer/context';
import { GatewayError, platformErrors } from '../../platform/errors';

const formBytesMax = 64 * 1024;
const parametersMax = 100;
const formTypes = /^(application\/x-www-form-urlencoded|text\/plain)\s*(;|$)/i;
const path = /^\/contextual-call\/?$/i;

const parse = express.urlencoded({
  extended: false,
  limit: formBytesMax,
  parameterLimit: parametersMax,
  type: () => true,
});

/** As the router matches it. */
export const isContextualCall = (request: Request): boolean => request.method === 'POST' && path.test(request.path);

export const callerOf = (request: Request): CallOrigin => ({ origin: request.get('origin'), address: request.ip });

/**
 * The form of a contextual call. Callers that name no content type are met (the ANS test tool demands none): their body is read
 * as a form, too. More parameters than a call can have are refused, never left out.
 * @throws GatewayError `platform.too-large`, `platform.bad-request`
 */
export async function callForm(request: Request, response: Response): Promise<Record<string, unknown>> {
  const type = request.headers['content-type'] ?? '';
  if (type !== '' && !formTypes.test(type))
    throw new GatewayError(platformErrors.badRequest, { detail: 'the call is not a form' });
  await new Promise<void>((resolve, reject) => {
    parse(request, response, (error?: unknown) => (error ? reject(refusalOf(error)) : resolve()));
  });
  return (request.body ?? {}) as Record<string, unknown>;
}

/** The parser tells by a status and a type; its message might hold a piece of the form. */
function refusalOf(error: unknown): GatewayError {
  const { status, type } = error as { status?: number; type?: string };
  const entry = status === 413 ? platformErrors.tooLarge : platformErrors.badRequest;
  return new GatewayError(entry, { detail: type ?? 'the body cannot be read' });
}
