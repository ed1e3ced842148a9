/**
 * The least that Node can do on this machine, as a reference: `node:https` with client certificates that answers two bytes
 * (/small), passes DICOMweb through (/pass/…), or turns a C-MOVE into a multipart answer (/dimse). No admission, no INS,
 * no manifest, no audit, no error handling.
 */
import { readFileSync } from 'node:fs';
import { Agent, request as plainRequest, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { BareSettings } from './bare-process';
import { bareMove } from './bare-move';

function passThrough(
  settings: BareSettings,
  agent: Agent,
  path: string,
  accept: string,
  response: ServerResponse,
): void {
  const upstream = plainRequest(settings.upstream + path, { agent, headers: { accept } }, (answer) => {
    // What the PACS says of its own connection (one second, with Orthanc) is not said of ours.
    const { connection: _connection, 'keep-alive': _keepAlive, ...headers } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, headers);
    answer.pipe(response);
  });
  upstream.end();
}

process.once('message', (settings: BareSettings) => {
  const agent = new Agent({ keepAlive: true });
  const move = bareMove(settings);
  const tls = {
    ca: readFileSync(settings.ca),
    cert: readFileSync(settings.cert),
    key: readFileSync(settings.key),
    requestCert: true,
    rejectUnauthorized: true,
  };
  const server = createServer(tls, (request, response) => {
    const path = request.url ?? '/';
    if (path.startsWith('/pass'))
      passThrough(settings, agent, path.slice(5), request.headers.accept ?? '*/*', response);
    else if (path === '/dimse') move(response);
    else response.end('ok');
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
});
