import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { PatientStatuses, PatientStatus } from './dmp-status';
import type { Fault, FaultSwitch } from './faults';
import type { RegisteredDocument, Registry } from './registry';
import type { SeededReport } from './seed';
import { readBody } from './read-body';

/** Listener without client certificate, sandbox only: what is registered, and how to misbehave. */

export interface Controlled {
  registry: Registry;
  faults: FaultSwitch;
  patients: PatientStatuses;
  addReport(report: SeededReport): string;
}

const CODES = {
  typeCode: 'urn:uuid:f0306f51-975f-434e-a61c-c59651d33983',
  formatCode: 'urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d',
  confidentialityCodes: 'urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f',
};

/** The row of contract.md `dmp.documents`. */
function row(document: RegisteredDocument, base: string) {
  const codes = (scheme: string) => (document.codes[scheme] ?? []).map((code) => code.code);
  return {
    uniqueId: document.uniqueId,
    entryUuid: document.entryUuid,
    availabilityStatus: document.status,
    mimeType: document.mimeType,
    typeCode: codes(CODES.typeCode)[0] ?? '',
    formatCode: codes(CODES.formatCode)[0] ?? '',
    patientId: document.patientId,
    confidentialityCodes: codes(CODES.confidentialityCodes),
    referenceIds: document.slots['urn:ihe:iti:xds:2013:referenceIdList'] ?? [],
    submissionTime: document.slots.submissionTime?.[0] ?? document.registeredAt,
    content: `${base}/documents/${encodeURIComponent(document.uniqueId)}/content`,
  };
}

const json = (response: ServerResponse, value: unknown, status = 200): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));

async function handle(request: IncomingMessage, response: ServerResponse, on: Controlled): Promise<void> {
  const url = new URL(request.url ?? '/', `https://${request.headers.host ?? 'localhost'}`);
  const route = `${request.method ?? 'GET'} ${url.pathname}`;
  const content = /^GET \/documents\/([^/]+)\/content$/.exec(route);
  if (route === 'GET /documents')
    return json(
      response,
      on.registry.allDocuments().map((document) => row(document, url.origin)),
    );
  if (content) {
    const document = on.registry.documentByUniqueId(decodeURIComponent(content[1]));
    const bytes = document && on.registry.content(document);
    if (!document || !bytes) return json(response, { error: 'unknown document' }, 404);
    return void response
      .writeHead(200, { 'content-type': document.mimeType, 'content-length': bytes.length })
      .end(bytes);
  }
  if (route === 'GET /control') return json(response, on.faults.list());
  if (route === 'DELETE /control') {
    on.faults.clear();
    return json(response, []);
  }
  const body =
    request.method === 'POST' ? (JSON.parse((await readBody(request)).toString('utf8')) as unknown) : undefined;
  if (route === 'POST /control') {
    on.faults.set(body as Fault);
    return json(response, on.faults.list(), 201);
  }
  if (route === 'POST /patients') {
    const { matricule, ...status } = body as { matricule: string } & Partial<PatientStatus>;
    on.patients.set(matricule, status);
    return json(response, on.patients.get(matricule), 201);
  }
  if (route === 'POST /documents') {
    const { contentBase64, ...report } = body as SeededReport & { contentBase64: string };
    return json(
      response,
      { entryUuid: on.addReport({ ...report, content: Buffer.from(contentBase64, 'base64') }) },
      201,
    );
  }
  json(response, { error: 'not found' }, 404);
}

export const controlListener = (tls: { key: string; cert: string }, on: Controlled): Server =>
  createServer(tls, (request, response) => {
    handle(request, response, on).catch(() => {
      if (!response.headersSent) json(response, { error: 'bad request' }, 400);
    });
  });
