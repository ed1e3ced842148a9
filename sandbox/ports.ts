import { freePort } from './free-port';

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

/** All ports: from the base, or free ones when the base is 0. */
export async function sandboxPorts(base: number): Promise<SandboxPorts> {
  const names = Object.keys(offsets) as PortName[];
  if (base > 0)
    return Object.fromEntries(names.map((name) => [name, base + offsets[name]])) as Record<PortName, number>;
  const ports: Partial<Record<PortName, number>> = {};
  for (const name of names) ports[name] = await freePort();
  return ports as Record<PortName, number>;
}
