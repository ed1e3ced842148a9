import type { IncomingMessage } from 'node:http';
import { GatewayError, platformErrors } from '../../platform/errors';

const formBytesMax = 64 * 1024;
const parametersMax = 100;

/**
 * The form of a contextual call. Callers that name no content type are met (the ANS test tool demands none): their body is read
 * as a form, too.
 * @throws GatewayError `platform.too-large`, `platform.bad-request`
 */
export async function callForm(request: IncomingMessage & { body?: unknown }): Promise<Record<string, unknown>> {
  const type = request.headers['content-type'] ?? '';
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) return (request.body ?? {}) as Record<string, unknown>;
  if (type !== '' && !/^text\/plain\b/i.test(type))
    throw new GatewayError(platformErrors.badRequest, { detail: 'the call is not a form' });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > formBytesMax) throw new GatewayError(platformErrors.tooLarge);
    chunks.push(chunk);
  }
  const form: Record<string, unknown> = {};
  for (const [name, value] of [...new URLSearchParams(Buffer.concat(chunks).toString('utf8'))].slice(0, parametersMax))
    form[name] = name in form ? [form[name], value] : value;
  return form;
}
