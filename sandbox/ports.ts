import { createServer, Server } from 'node:net';

/** Distance of each port from the base: the contract names the first ones. */
const offsets = {
  portal: 0,
  exchange: 1,
  hl7: 2,
  hl7Tls: 3,
  dicom: 4,
  pacs: 5,
  pacsWeb: 6,
  internal: 9,
  psc: 10,
  dmp: 11,
  dmpDocuments: 12,
  whiteList: 13,
  pki: 14,
  syslog: 15,
  syslogMessages: 16,
  risPage: 17,
  remotePortal: 20,
  remoteExchange: 21,
  remoteHl7: 22,
  remoteDicom: 24,
  remotePacs: 25,
  remotePacsWeb: 26,
  remoteInternal: 29,
} as const;

export type PortName = keyof typeof offsets;
export type SandboxPorts = Readonly<Record<PortName, number>>;

function listenOnFree(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

/** All ports: from the base, or free ones when the base is 0. */
export async function sandboxPorts(base: number): Promise<SandboxPorts> {
  const names = Object.keys(offsets) as PortName[];
  if (base > 0)
    return Object.fromEntries(names.map((name) => [name, base + offsets[name]])) as Record<PortName, number>;
  const servers = await Promise.all(names.map(() => listenOnFree()));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return Object.fromEntries(names.map((name, index) => [name, ports[index]])) as Record<PortName, number>;
}
